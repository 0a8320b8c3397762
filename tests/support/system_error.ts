/** The errors of system calls, as Deno throws them.
 * @module */

/** Each system's number and text for an error, and Deno's class for it, if any. */
const ERRORS = {
  EACCES: {
    ErrorClass: Deno.errors.PermissionDenied,
    linux: "Permission denied (os error 13)",
    darwin: "Permission denied (os error 13)",
    windows:
      "An attempt was made to access a socket in a way forbidden by its access permissions. (os error 10013)",
  },
  EADDRINUSE: {
    ErrorClass: Deno.errors.AddrInUse,
    linux: "Address already in use (os error 98)",
    darwin: "Address already in use (os error 48)",
    windows:
      "Only one usage of each socket address (protocol/network address/port) is normally permitted. (os error 10048)",
  },
  ECONNABORTED: {
    ErrorClass: Deno.errors.ConnectionAborted,
    linux: "Software caused connection abort (os error 103)",
    darwin: "Software caused connection abort (os error 53)",
    windows:
      "An established connection was aborted by the software in your host machine. (os error 10053)",
  },
  ECONNREFUSED: {
    ErrorClass: Deno.errors.ConnectionRefused,
    linux: "Connection refused (os error 111)",
    darwin: "Connection refused (os error 61)",
    windows:
      "No connection could be made because the target machine actively refused it. (os error 10061)",
  },
  ECONNRESET: {
    ErrorClass: Deno.errors.ConnectionReset,
    linux: "Connection reset by peer (os error 104)",
    darwin: "Connection reset by peer (os error 54)",
    windows:
      "An existing connection was forcibly closed by the remote host. (os error 10054)",
  },
  EINVAL: {
    ErrorClass: Deno.errors.InvalidData,
    linux: "Invalid argument (os error 22)",
    darwin: "Invalid argument (os error 22)",
    windows: "An invalid argument was supplied. (os error 10022)",
  },
  EMFILE: {
    ErrorClass: Error,
    linux: "Too many open files (os error 24)",
    darwin: "Too many open files (os error 24)",
    windows: "Too many open sockets. (os error 10024)",
  },
  ENOSPC: {
    ErrorClass: Error,
    linux: "No space left on device (os error 28)",
    darwin: "No space left on device (os error 28)",
    windows: "There is not enough space on the disk. (os error 112)",
  },
  ENOTCONN: {
    ErrorClass: Deno.errors.NotConnected,
    linux: "Transport endpoint is not connected (os error 107)",
    darwin: "Socket is not connected (os error 57)",
    windows:
      "A request to send or receive data was disallowed because the socket is not connected and (when sending on a datagram socket using a sendto call) no address was supplied. (os error 10057)",
  },
  EPIPE: {
    ErrorClass: Deno.errors.BrokenPipe,
    linux: "Broken pipe (os error 32)",
    darwin: "Broken pipe (os error 32)",
    windows: "The pipe is being closed. (os error 232)",
  },
};

/** An error as Deno throws it on this system. */
export function systemError(code: keyof typeof ERRORS): Error {
  const { ErrorClass, ...messages } = ERRORS[code];
  const { os } = Deno.build;
  const message = os === "darwin" || os === "windows"
    ? messages[os]
    : messages.linux;
  return Object.assign(new ErrorClass(message), { code });
}
