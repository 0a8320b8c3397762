import { assertEquals } from "@std/assert";
import {
  osErrorCode,
  osErrorLine,
  osErrorText,
} from "../../python/os_error.ts";

/** An error as Deno throws it, with the code that it has there, and Python's line for it. */
type Row = [message: string, code: string | undefined, line: string];

// The numbers and texts are those of XNU's <sys/errno.h> with Darwin's strerror(3), and of "Windows
// Sockets Error Codes" with FormatMessage; the errors are those that the manuals of socket, connect,
// bind, listen, accept, read and write list, where their class or form differs. One row does for Linux,
// where tests/parity/ compares every error with Python's.
const ROWS: Record<"linux" | "darwin" | "windows", Row[]> = {
  linux: [
    [
      "Connection refused (os error 111)",
      "ECONNREFUSED",
      "ConnectionRefusedError: [Errno 111] Connection refused",
    ],
  ],
  darwin: [
    [
      "Operation not permitted (os error 1)",
      "EPERM",
      "PermissionError: [Errno 1] Operation not permitted",
    ],
    [
      "Permission denied (os error 13)",
      "EACCES",
      "PermissionError: [Errno 13] Permission denied",
    ],
    [
      "Too many open files (os error 24)",
      "EMFILE",
      "OSError: [Errno 24] Too many open files",
    ],
    [
      "Broken pipe (os error 32)",
      "EPIPE",
      "BrokenPipeError: [Errno 32] Broken pipe",
    ],
    [
      "Address already in use (os error 48)",
      "EADDRINUSE",
      "OSError: [Errno 48] Address already in use",
    ],
    [
      "Can't assign requested address (os error 49)",
      "EADDRNOTAVAIL",
      "OSError: [Errno 49] Can't assign requested address",
    ],
    [
      "Software caused connection abort (os error 53)",
      "ECONNABORTED",
      "ConnectionAbortedError: [Errno 53] Software caused connection abort",
    ],
    [
      "Connection reset by peer (os error 54)",
      "ECONNRESET",
      "ConnectionResetError: [Errno 54] Connection reset by peer",
    ],
    [
      "Operation timed out (os error 60)",
      "ETIMEDOUT",
      "TimeoutError: [Errno 60] Operation timed out",
    ],
    [
      "Connection refused (os error 61)",
      "ECONNREFUSED",
      "ConnectionRefusedError: [Errno 61] Connection refused",
    ],
  ],
  windows: [
    [
      "An attempt was made to access a socket in a way forbidden by its access permissions. (os error 10013)",
      "EACCES",
      "PermissionError: [WinError 10013] An attempt was made to access a socket in a way forbidden by its access permissions",
    ],
    [
      "Only one usage of each socket address (protocol/network address/port) is normally permitted. (os error 10048)",
      "EADDRINUSE",
      "OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted",
    ],
    [
      "An established connection was aborted by the software in your host machine. (os error 10053)",
      "ECONNABORTED",
      "ConnectionAbortedError: [WinError 10053] An established connection was aborted by the software in your host machine",
    ],
    [
      "An existing connection was forcibly closed by the remote host. (os error 10054)",
      "ECONNRESET",
      "ConnectionResetError: [WinError 10054] An existing connection was forcibly closed by the remote host",
    ],
    [
      "No connection could be made because the target machine actively refused it. (os error 10061)",
      "ECONNREFUSED",
      "ConnectionRefusedError: [WinError 10061] No connection could be made because the target machine actively refused it",
    ],
  ],
};

for (const os of ["linux", "darwin", "windows"] as const) {
  Deno.test(`an error of ${os} has Python's class and text`, () => {
    for (const [message, code, line] of ROWS[os]) {
      const error = Object.assign(new Error(message), { code });
      assertEquals(osErrorLine(error, os), line);
      assertEquals(osErrorText(error, os), line.replace(/^\w+: /, ""));
    }
  });
}

Deno.test("an error's code is Deno's, or else that of its number", () => {
  const refused = Object.assign(new Error("odd"), { code: "ECONNREFUSED" });
  assertEquals(osErrorCode(refused), "ECONNREFUSED");
  const tableFull = new Error("Too many open files in system (os error 23)");
  assertEquals(osErrorCode(tableFull, "linux"), "ENFILE");
  assertEquals(osErrorCode(tableFull, "darwin"), "ENFILE");
  assertEquals(osErrorCode(tableFull, "windows"), undefined);
  assertEquals(
    osErrorCode(new Error("Odd (os error 999)"), "linux"),
    undefined,
  );
});

Deno.test("what Deno appends to the system's text is left out", () => {
  const error = new Deno.errors.AddrInUse(
    "Address already in use (os error 98) at ('127.0.0.1', 9001)",
  );
  assertEquals(
    osErrorText(error, "linux"),
    "[Errno 98] Address already in use",
  );
  assertEquals(
    osErrorLine(error, "linux"),
    "OSError: [Errno 98] Address already in use",
  );
});

Deno.test("an error that no system call reported keeps its own message", () => {
  const timeout = new DOMException("Signal timed out.", "TimeoutError");
  assertEquals(osErrorText(timeout), "timed out");
  assertEquals(osErrorText(new RangeError("too long")), "too long");
  assertEquals(osErrorText("thrown"), "thrown");
  assertEquals(osErrorLine(new Error("odd")), "OSError: odd");
  for (const error of [timeout, new Error("odd"), "thrown", undefined]) {
    assertEquals(osErrorCode(error), undefined);
  }
});
