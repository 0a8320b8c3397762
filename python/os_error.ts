/** `str(error)` of CPython's `OSError`, and its class, for an operating system's error.
 * @module */

/** The message of a system's error. Deno may append the address. */
const OS_ERROR = /^(.*) \(os error (\d+)\)/s;

/** The name, such as `EMFILE`, of an error that the system `os` reported; `undefined` for any other. */
export function osErrorCode(
  error: unknown,
  os = Deno.build.os,
): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  // Deno sets no code for this one.
  const isNoFile = os !== "windows" &&
    OS_ERROR.exec(error.message)?.[2] === "23";
  return isNoFile ? "ENFILE" : undefined;
}

/**
 * Python's `str(error)` for an error that the operating system `os` reported.
 * @returns `[Errno 111] Connection refused`; on Windows `[WinError 10061] …` without the last full
 * stop; `timed out` for a `TimeoutError`; the bare message of an error that no system call reported.
 */
export function osErrorText(error: unknown, os = Deno.build.os): string {
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
 * The last line of Python's traceback for an error of `bind` or `listen` (PEP 3151 has the classes):
 * `PermissionError: [Errno 13] Permission denied`.
 */
export function osErrorLine(error: unknown, os = Deno.build.os): string {
  const isDenied = ["EACCES", "EPERM"].includes(osErrorCode(error, os) ?? "");
  const name = isDenied ? "PermissionError" : "OSError";
  return `${name}: ${osErrorText(error, os)}`;
}
