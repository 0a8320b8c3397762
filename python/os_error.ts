/** `str(error)` of CPython's `OSError`, and its class, for an operating system's error.
 * @module */

/** The subclasses of `OSError` (PEP 3151) for the errors that the program can meet. */
const CLASS_BY_CODE: Record<string, string> = {
  EACCES: "PermissionError",
  ECONNABORTED: "ConnectionAbortedError",
  ECONNREFUSED: "ConnectionRefusedError",
  ECONNRESET: "ConnectionResetError",
  EPERM: "PermissionError",
  EPIPE: "BrokenPipeError",
  ETIMEDOUT: "TimeoutError",
};

/** The errors of socket(2) and accept(2) to which Deno gives a number but no code. */
const CODE_BY_NUMBER: Partial<
  Record<typeof Deno.build.os, Record<number, string>>
> = {
  linux: {
    23: "ENFILE",
    64: "ENONET",
    71: "EPROTO",
    92: "ENOPROTOOPT",
    100: "ENETDOWN",
    112: "EHOSTDOWN",
  },
  darwin: { 23: "ENFILE" },
};

/** The message of a system's error. Deno may append the address. */
const OS_ERROR = /^(.*) \(os error (\d+)\)/s;

/** The name, such as `EMFILE`, of an error that the system `os` reported; `undefined` for any other. */
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
 * Python's `str(error)` for an error that the operating system `os` reported.
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

/** The last line of Python's traceback for the error: `PermissionError: [Errno 13] Permission denied`. */
export function osErrorLine(
  error: unknown,
  os: typeof Deno.build.os = Deno.build.os,
): string {
  const name = CLASS_BY_CODE[osErrorCode(error, os) ?? ""] ?? "OSError";
  return `${name}: ${osErrorText(error, os)}`;
}
