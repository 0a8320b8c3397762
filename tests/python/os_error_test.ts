import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { exchange } from "../../client.ts";
import {
  osErrorCode,
  osErrorLine,
  osErrorText,
} from "../../python/os_error.ts";
import { linuxTest } from "../support/permissions.ts";
import { closedPort } from "../support/program.ts";
import { startOracle } from "../support/python.ts";

/** An error's symbolic name, its number and text, and its class in Python where it has one. */
type Row = [code: string, number: number, text: string, class_?: string];

/** What socket, connect, bind, listen, accept, read and write can report, on the systems that differ. */
const ERRORS: Record<"linux" | "darwin" | "windows", Row[]> = {
  linux: [
    ["EPERM", 1, "Operation not permitted", "PermissionError"],
    ["EINTR", 4, "Interrupted system call", "InterruptedError"],
    ["EIO", 5, "Input/output error"],
    ["EBADF", 9, "Bad file descriptor"],
    ["EAGAIN", 11, "Resource temporarily unavailable", "BlockingIOError"],
    ["ENOMEM", 12, "Cannot allocate memory"],
    ["EACCES", 13, "Permission denied", "PermissionError"],
    ["EFAULT", 14, "Bad address"],
    ["EINVAL", 22, "Invalid argument"],
    ["ENFILE", 23, "Too many open files in system"],
    ["EMFILE", 24, "Too many open files"],
    ["ENOSPC", 28, "No space left on device"],
    ["EPIPE", 32, "Broken pipe", "BrokenPipeError"],
    ["EPROTO", 71, "Protocol error"],
    ["ENOTSOCK", 88, "Socket operation on non-socket"],
    ["EMSGSIZE", 90, "Message too long"],
    ["ENOPROTOOPT", 92, "Protocol not available"],
    ["EPROTONOSUPPORT", 93, "Protocol not supported"],
    ["ENOTSUP", 95, "Operation not supported"],
    ["EAFNOSUPPORT", 97, "Address family not supported by protocol"],
    ["EADDRINUSE", 98, "Address already in use"],
    ["EADDRNOTAVAIL", 99, "Cannot assign requested address"],
    ["ENETDOWN", 100, "Network is down"],
    ["ENETUNREACH", 101, "Network is unreachable"],
    [
      "ECONNABORTED",
      103,
      "Software caused connection abort",
      "ConnectionAbortedError",
    ],
    ["ECONNRESET", 104, "Connection reset by peer", "ConnectionResetError"],
    ["ENOBUFS", 105, "No buffer space available"],
    ["EISCONN", 106, "Transport endpoint is already connected"],
    ["ENOTCONN", 107, "Transport endpoint is not connected"],
    [
      "ESHUTDOWN",
      108,
      "Cannot send after transport endpoint shutdown",
      "BrokenPipeError",
    ],
    ["ETIMEDOUT", 110, "Connection timed out", "TimeoutError"],
    ["ECONNREFUSED", 111, "Connection refused", "ConnectionRefusedError"],
    ["EHOSTDOWN", 112, "Host is down"],
    ["EHOSTUNREACH", 113, "No route to host"],
    ["EALREADY", 114, "Operation already in progress", "BlockingIOError"],
    ["EINPROGRESS", 115, "Operation now in progress", "BlockingIOError"],
  ],
  darwin: [
    ["EPERM", 1, "Operation not permitted", "PermissionError"],
    ["EINTR", 4, "Interrupted system call", "InterruptedError"],
    ["EIO", 5, "Input/output error"],
    ["EBADF", 9, "Bad file descriptor"],
    ["ENOMEM", 12, "Cannot allocate memory"],
    ["EACCES", 13, "Permission denied", "PermissionError"],
    ["EFAULT", 14, "Bad address"],
    ["EINVAL", 22, "Invalid argument"],
    ["ENFILE", 23, "Too many open files in system"],
    ["EMFILE", 24, "Too many open files"],
    ["ENOSPC", 28, "No space left on device"],
    ["EPIPE", 32, "Broken pipe", "BrokenPipeError"],
    ["EAGAIN", 35, "Resource temporarily unavailable", "BlockingIOError"],
    ["EINPROGRESS", 36, "Operation now in progress", "BlockingIOError"],
    ["EALREADY", 37, "Operation already in progress", "BlockingIOError"],
    ["ENOTSOCK", 38, "Socket operation on non-socket"],
    ["EMSGSIZE", 40, "Message too long"],
    ["ENOPROTOOPT", 42, "Protocol not available"],
    ["EPROTONOSUPPORT", 43, "Protocol not supported"],
    ["EAFNOSUPPORT", 47, "Address family not supported by protocol family"],
    ["EADDRINUSE", 48, "Address already in use"],
    ["EADDRNOTAVAIL", 49, "Can't assign requested address"],
    ["ENETDOWN", 50, "Network is down"],
    ["ENETUNREACH", 51, "Network is unreachable"],
    [
      "ECONNABORTED",
      53,
      "Software caused connection abort",
      "ConnectionAbortedError",
    ],
    ["ECONNRESET", 54, "Connection reset by peer", "ConnectionResetError"],
    ["ENOBUFS", 55, "No buffer space available"],
    ["EISCONN", 56, "Socket is already connected"],
    ["ENOTCONN", 57, "Socket is not connected"],
    ["ESHUTDOWN", 58, "Can't send after socket shutdown", "BrokenPipeError"],
    ["ETIMEDOUT", 60, "Operation timed out", "TimeoutError"],
    ["ECONNREFUSED", 61, "Connection refused", "ConnectionRefusedError"],
    ["EHOSTDOWN", 64, "Host is down"],
    ["EHOSTUNREACH", 65, "No route to host"],
    ["EPROTO", 100, "Protocol error"],
  ],
  windows: [
    [
      "EACCES",
      10013,
      "An attempt was made to access a socket in a way forbidden by its access permissions",
      "PermissionError",
    ],
    [
      "EFAULT",
      10014,
      "The system detected an invalid pointer address in attempting to use a pointer argument in a call",
    ],
    ["EINVAL", 10022, "An invalid argument was supplied"],
    ["EMFILE", 10024, "Too many open sockets"],
    [
      "EAGAIN",
      10035,
      "A non-blocking socket operation could not be completed immediately",
      "BlockingIOError",
    ],
    [
      "EINPROGRESS",
      10036,
      "A blocking operation is currently executing",
      "BlockingIOError",
    ],
    [
      "EALREADY",
      10037,
      "An operation was attempted on a non-blocking socket that already had an operation in progress",
      "BlockingIOError",
    ],
    [
      "ENOTSOCK",
      10038,
      "An operation was attempted on something that is not a socket",
    ],
    [
      "EAFNOSUPPORT",
      10047,
      "An address incompatible with the requested protocol was used",
    ],
    [
      "EADDRINUSE",
      10048,
      "Only one usage of each socket address (protocol/network address/port) is normally permitted",
    ],
    [
      "EADDRNOTAVAIL",
      10049,
      "The requested address is not valid in its context",
    ],
    ["ENETDOWN", 10050, "A socket operation encountered a dead network"],
    [
      "ENETUNREACH",
      10051,
      "A socket operation was attempted to an unreachable network",
    ],
    [
      "ECONNABORTED",
      10053,
      "An established connection was aborted by the software in your host machine",
      "ConnectionAbortedError",
    ],
    [
      "ECONNRESET",
      10054,
      "An existing connection was forcibly closed by the remote host",
      "ConnectionResetError",
    ],
    [
      "ENOBUFS",
      10055,
      "An operation on a socket could not be performed because the system lacked sufficient buffer space or because a queue was full",
    ],
    [
      "EISCONN",
      10056,
      "A connect request was made on an already connected socket",
    ],
    [
      "ENOTCONN",
      10057,
      "A request to send or receive data was disallowed because the socket is not connected and (when sending on a datagram socket using a sendto call) no address was supplied",
    ],
    [
      "EPIPE",
      10058,
      "A request to send or receive data was disallowed because the socket had already been shut down in that direction with a previous shutdown call",
      "BrokenPipeError",
    ],
    [
      "ETIMEDOUT",
      10060,
      "A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond",
      "TimeoutError",
    ],
    [
      "ECONNREFUSED",
      10061,
      "No connection could be made because the target machine actively refused it",
      "ConnectionRefusedError",
    ],
    [
      "EHOSTDOWN",
      10064,
      "A socket operation failed because the destination host was down",
    ],
    [
      "EHOSTUNREACH",
      10065,
      "A socket operation was attempted to an unreachable host",
    ],
  ],
};

/** Those to which Deno gives no code. */
const WITHOUT_CODE = [
  ...["EINTR", "ENFILE", "EPROTO", "ENOPROTOOPT", "ENETDOWN", "ESHUTDOWN"],
  ...["EHOSTDOWN", "EINPROGRESS"],
];

/** The error as Deno throws it. */
function osError(
  os: keyof typeof ERRORS,
  [code, number, text]: Row,
): Error {
  const stop = os === "windows" ? "." : "";
  const error = new Error(`${text}${stop} (os error ${number})`);
  return WITHOUT_CODE.includes(code) ? error : Object.assign(error, { code });
}

for (const os of ["linux", "darwin", "windows"] as const) {
  Deno.test(`errors of ${os} are told as Python does`, () => {
    for (const row of ERRORS[os]) {
      const [code, number, text, class_ = "OSError"] = row;
      const error = osError(os, row);
      const told = os === "windows"
        ? `[WinError ${number}] ${text}`
        : `[Errno ${number}] ${text}`;
      assertEquals(osErrorCode(error, os), code);
      assertEquals(osErrorText(error, os), told);
      assertEquals(osErrorLine(error, os), `${class_}: ${told}`);
    }
  });
}

Deno.test("an error that Deno comments on is told without the comment", () => {
  const error = new Deno.errors.AddrInUse(
    "Address already in use (os error 98) at ('127.0.0.1', 9001)",
  );
  assertEquals(
    osErrorText(error, "linux"),
    "[Errno 98] Address already in use",
  );
});

Deno.test("what no system call reported is told in its own words", () => {
  const timeout = new DOMException("Signal timed out.", "TimeoutError");
  assertEquals(osErrorText(timeout), "timed out");
  assertEquals(osErrorText(new RangeError("too long")), "too long");
  assertEquals(osErrorText("thrown"), "thrown");
  assertEquals(osErrorLine(new Error("odd")), "OSError: odd");
  for (const error of [timeout, new Error("odd"), "thrown", undefined]) {
    assertEquals(osErrorCode(error), undefined);
  }
});

linuxTest("the errors of Linux are those of the Python at hand", async () => {
  await using python = startOracle();
  const told = await python.ask("os_error", ERRORS.linux.map(([code]) => code));
  assertEquals(
    ERRORS.linux.map((row) => {
      const error = osError("linux", row);
      return { text: osErrorText(error), line: osErrorLine(error) };
    }),
    told,
  );
});

linuxTest(
  "a real error is told as Python tells it of the same act",
  async (t) => {
    await using python = startOracle();

    async function assertSame(port: number, seconds: number, text: string) {
      const error = await assertRejects(
        () => exchange("21", { port, timeout: 1000 * seconds }),
      );
      assertEquals(osErrorText(error), text);
      assertEquals(await python.ask("exchange", [[port, seconds]]), [text]);
    }

    await t.step("refused", async () => {
      using closed = await closedPort();
      await assertSame(closed.port, 30, "[Errno 111] Connection refused");
    });

    await t.step("reset", async () => {
      const [port] = await python.ask("reset", [""]);
      await assertSame(port, 30, "[Errno 104] Connection reset by peer");
    });

    await t.step("timed out", async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await assertSame(listener.addr.port, 0.1, "timed out");
    });

    await t.step("in use", async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      const line = "OSError: [Errno 98] Address already in use";
      const error = assertThrows(
        () => Deno.listen({ hostname: "127.0.0.1", port }),
      );
      assertEquals(osErrorLine(error), line);
      assertEquals(await python.ask("listen", [port]), [line]);
    });
  },
);
