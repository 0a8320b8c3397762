/**
 * The text of an operating system's error as Python prints it.
 *
 * @module
 */

/**
 * The subclass of `OSError` that Python raises for an error number (PEP 3151). All other numbers are
 * a plain `OSError`.
 */
const CLASS_BY_CODE: Record<string, string> = {
  EACCES: "PermissionError",
  EAGAIN: "BlockingIOError",
  EALREADY: "BlockingIOError",
  ECONNABORTED: "ConnectionAbortedError",
  ECONNREFUSED: "ConnectionRefusedError",
  ECONNRESET: "ConnectionResetError",
  EINPROGRESS: "BlockingIOError",
  EINTR: "InterruptedError",
  EPERM: "PermissionError",
  EPIPE: "BrokenPipeError",
  ESHUTDOWN: "BrokenPipeError",
  ETIMEDOUT: "TimeoutError",
  EWOULDBLOCK: "BlockingIOError",
};

/** The codes of the network errors to which Deno gives a number and no code, by system and number. */
const CODE_BY_NUMBER: Partial<
  Record<typeof Deno.build.os, Record<number, string>>
> = {
  linux: {
    4: "EINTR",
    23: "ENFILE",
    71: "EPROTO",
    92: "ENOPROTOOPT",
    100: "ENETDOWN",
    108: "ESHUTDOWN",
    112: "EHOSTDOWN",
    115: "EINPROGRESS",
  },
  darwin: {
    4: "EINTR",
    23: "ENFILE",
    36: "EINPROGRESS",
    42: "ENOPROTOOPT",
    50: "ENETDOWN",
    58: "ESHUTDOWN",
    64: "EHOSTDOWN",
    100: "EPROTO",
  },
  windows: {
    10036: "EINPROGRESS",
    10050: "ENETDOWN",
    10064: "EHOSTDOWN",
  },
};

/** How Deno ends the message of every error that the system reported. */
const OS_ERROR = /^(.*) \(os error (\d+)\)/s;

/**
 * The symbolic name of an operating system's error.
 *
 * @param error Whatever was thrown.
 * @param os The system that reported it, where that is not this one.
 * @returns The name, such as `EMFILE`, or `undefined` for an error that no system call reported.
 */
export function osErrorCode(
  error: unknown,
  os: typeof Deno.build.os = Deno.build.os,
): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  const match = OS_ERROR.exec(error.message);
  return match === null ? undefined : CODE_BY_NUMBER[os]?.[Number(match[2])];
}

/**
 * What Python's `str(error)` says of the same error: the system's number and text, which Deno's own
 * message holds in another order.
 *
 * @example Usage
 * ```ts
 * import { osErrorText } from "./os_error.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const refused = new Deno.errors.ConnectionRefused("Connection refused (os error 111)");
 * assertEquals(osErrorText(refused, "linux"), "[Errno 111] Connection refused");
 * ```
 *
 * @param error Whatever was thrown.
 * @param os The system that reported it, where that is not this one.
 * @returns `[Errno 111] Connection refused`; on Windows `[WinError 10061] …` without the last full
 * stop; `timed out` for a `TimeoutError`; the bare message of an error that no system call reported.
 */
export function osErrorText(
  error: unknown,
  os: typeof Deno.build.os = Deno.build.os,
): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "timed out";
  const match = OS_ERROR.exec(error.message);
  if (match === null) return error.message;
  const [, text, number] = match;
  return os === "windows"
    ? `[WinError ${number}] ${text.replace(/[\s.]+$/, "")}`
    : `[Errno ${number}] ${text}`;
}

/**
 * The last line of the traceback that Python ends with on the same error.
 *
 * @example Usage
 * ```ts
 * import { osErrorLine } from "./os_error.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const inUse = new Deno.errors.AddrInUse("Address already in use (os error 98)");
 * assertEquals(osErrorLine(inUse, "linux"), "OSError: [Errno 98] Address already in use");
 * ```
 *
 * @param error Whatever was thrown.
 * @param os The system that reported it, where that is not this one.
 * @returns The class and the text: `PermissionError: [Errno 13] Permission denied`.
 */
export function osErrorLine(
  error: unknown,
  os: typeof Deno.build.os = Deno.build.os,
): string {
  const name = CLASS_BY_CODE[osErrorCode(error, os) ?? ""] ?? "OSError";
  return `${name}: ${osErrorText(error, os)}`;
}
