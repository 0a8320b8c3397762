/** The errors of system calls, as Deno throws them on Linux.
 * @module */

/** Deno's class for each error, if any, and the system's number and text. */
const ERRORS = {
  EACCES: [Deno.errors.PermissionDenied, 13, "Permission denied"],
  EADDRINUSE: [Deno.errors.AddrInUse, 98, "Address already in use"],
  ECONNABORTED: [
    Deno.errors.ConnectionAborted,
    103,
    "Software caused connection abort",
  ],
  ECONNREFUSED: [Deno.errors.ConnectionRefused, 111, "Connection refused"],
  ECONNRESET: [Deno.errors.ConnectionReset, 104, "Connection reset by peer"],
  EMFILE: [Error, 24, "Too many open files"],
  ENOSPC: [Error, 28, "No space left on device"],
  ENOTCONN: [
    Deno.errors.NotConnected,
    107,
    "Transport endpoint is not connected",
  ],
  EPIPE: [Deno.errors.BrokenPipe, 32, "Broken pipe"],
} as const;

/** An error as Deno throws it. */
export function systemError(code: keyof typeof ERRORS): Error {
  const [ErrorClass, number, text] = ERRORS[code];
  const error = new ErrorClass(`${text} (os error ${number})`);
  return Object.assign(error, { code });
}
