import { assertEquals } from "@std/assert";
import {
  osErrorCode,
  osErrorLine,
  osErrorText,
} from "../../python/os_error.ts";
import { linuxTest } from "../support/permissions.ts";
import { askPython } from "../support/python.ts";

/** An error: the system's number and text. */
type Row = [number: number, text: string];

// The numbers and texts are those of XNU's <sys/errno.h> with Darwin's strerror(3), and of "Windows Sockets
// Error Codes" with FormatMessage. One row does for Linux, where each is compared with Python's below.
const ROWS: Record<"linux" | "darwin" | "windows", Row[]> = {
  linux: [[111, "Connection refused"]],
  darwin: [[61, "Connection refused"]],
  windows: [[
    10061,
    "No connection could be made because the target machine actively refused it.",
  ]],
};

for (const os of ["linux", "darwin", "windows"] as const) {
  Deno.test(`an error of ${os} has Python's text, and what bind raises its class`, () => {
    const kind = os === "windows" ? "WinError" : "Errno";
    for (const [number, text] of ROWS[os]) {
      // Deno may append the address.
      const message = `${text} (os error ${number}) at ('127.0.0.1', 9001)`;
      const error = (code: string) =>
        Object.assign(new Error(message), { code });
      const shown = `[${kind} ${number}] ${text.replace(/\.$/, "")}`;
      assertEquals(osErrorText(error("ECONNREFUSED"), os), shown);
      assertEquals(osErrorLine(error("EADDRINUSE"), os), `OSError: ${shown}`);
      const denied = `PermissionError: ${shown}`;
      assertEquals(osErrorLine(error("EACCES"), os), denied);
      assertEquals(osErrorLine(error("EPERM"), os), denied);
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

/** What `bind` and `listen` can raise. */
const OF_BIND = ["EACCES", "EPERM", "EADDRINUSE", "EADDRNOTAVAIL", "EINVAL"];

linuxTest(
  "an error has CPython's text, and what bind raises its class",
  async () => {
    const errors = await askPython<string[]>("os_error", CODES);
    errors.forEach(([number, message, text, line], index) => {
      const code = CODES[index];
      const error = new Error(`${message} (os error ${number})`);
      assertEquals(osErrorText(error), text);
      if (!OF_BIND.includes(code)) return;
      assertEquals(osErrorLine(Object.assign(error, { code })), line);
    });
  },
);
