import { assertEquals } from "@std/assert";
import {
  osErrorCode,
  osErrorLine,
  osErrorText,
} from "../../python/os_error.ts";
import { linuxTest } from "../support/permissions.ts";
import { askPython } from "../support/python.ts";

/** An error: the system's number and text, Deno's code for it, and Python's class. */
type Row = [number: number, text: string, code: string, name: string];

// The numbers and texts are those of XNU's <sys/errno.h> with Darwin's strerror(3), and of "Windows Sockets
// Error Codes" with FormatMessage. One row does for Linux, where each is compared with Python's below.
const ROWS: Record<"linux" | "darwin" | "windows", Row[]> = {
  linux: [[
    111,
    "Connection refused",
    "ECONNREFUSED",
    "ConnectionRefusedError",
  ]],
  darwin: [
    [13, "Permission denied", "EACCES", "PermissionError"],
    [24, "Too many open files", "EMFILE", "OSError"],
    [32, "Broken pipe", "EPIPE", "BrokenPipeError"],
    [48, "Address already in use", "EADDRINUSE", "OSError"],
    [54, "Connection reset by peer", "ECONNRESET", "ConnectionResetError"],
    [60, "Operation timed out", "ETIMEDOUT", "TimeoutError"],
    [61, "Connection refused", "ECONNREFUSED", "ConnectionRefusedError"],
  ],
  windows: [
    [
      10048,
      "Only one usage of each socket address (protocol/network address/port) is normally permitted.",
      "EADDRINUSE",
      "OSError",
    ],
    [
      10061,
      "No connection could be made because the target machine actively refused it.",
      "ECONNREFUSED",
      "ConnectionRefusedError",
    ],
  ],
};

for (const os of ["linux", "darwin", "windows"] as const) {
  Deno.test(`an error of ${os} has Python's class and text`, () => {
    const kind = os === "windows" ? "WinError" : "Errno";
    for (const [number, text, code, name] of ROWS[os]) {
      // Deno may append the address.
      const message = `${text} (os error ${number}) at ('127.0.0.1', 9001)`;
      const error = Object.assign(new Error(message), { code });
      const shown = `[${kind} ${number}] ${text.replace(/\.$/, "")}`;
      assertEquals(osErrorText(error, os), shown);
      assertEquals(osErrorLine(error, os), `${name}: ${shown}`);
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
  assertEquals(osErrorCode(new Error("Odd (os error 999)")), undefined);
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

/** What the manuals of socket, connect, bind, listen, accept, read and write list for TCP and a log. */
const CODES = [
  ...["EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ECONNABORTED"],
  ...["ECONNREFUSED", "ECONNRESET", "EFBIG", "EHOSTDOWN", "EHOSTUNREACH"],
  ...["EINVAL", "EIO", "EMFILE", "ENETDOWN", "ENETUNREACH", "ENFILE"],
  ...["ENOBUFS", "ENOMEM", "ENONET", "ENOPROTOOPT", "ENOSPC", "ENOTCONN"],
  ...["EPERM", "EPIPE", "EPROTO", "EPROTONOSUPPORT", "ETIMEDOUT"],
];

linuxTest("an error has CPython's class and text", async () => {
  const errors = await askPython<string[]>("os_error", CODES);
  errors.forEach(([number, message, text, line], index) => {
    const error = new Error(`${message} (os error ${number})`);
    const coded = Object.assign(error, { code: CODES[index] });
    assertEquals(osErrorText(coded), text);
    assertEquals(osErrorLine(coded), line);
  });
});
