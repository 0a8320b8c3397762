/** `--trace`: shows every socket call once it has ended.
 * @module */

import { osErrorText } from "../python/os_error.ts";
import { escapeBytes } from "../python/repr.ts";
import {
  type Connection,
  HOST,
  type Listener,
  type Network,
} from "./network.ts";

const SHOWN_BYTES = 64;

/** The terminal's codes for cyan, yellow, magenta, green and blue. */
const COLORS = [36, 33, 35, 32, 34];

/** Takes the name of a call in Python's `socket`, its ends, and its result. */
type Report = (call: string, where: string, result?: string) => void;

function nameOf({ hostname, port }: Deno.NetAddr): string {
  return `${hostname}:${port}`;
}

function lineOf(...[call, where, result]: Parameters<Report>): string {
  const now = new Date();
  const milliseconds = String(now.getMilliseconds()).padStart(3, "0");
  const time = `${now.toTimeString().slice(0, 8)}.${milliseconds}`;
  const line = `${time}  ${call.padEnd(9)}${where}`;
  return result === undefined ? line : `${line}  ${result}`;
}

function describe(
  size: number | null | void,
  buffer?: Uint8Array,
): string | undefined {
  if (size === null) return "end of stream";
  if (size === undefined || buffer === undefined) return undefined;
  const unit = size === 1 ? "byte" : "bytes";
  const shown = escapeBytes(buffer.subarray(0, Math.min(size, SHOWN_BYTES)));
  const more = size > SHOWN_BYTES ? "…" : "";
  return `${size} ${unit}  ${shown}${more}`;
}

/** Traces a connection, from the call on that has brought it. */
function traceConnection(
  conn: Connection,
  call: "accept" | "connect",
  report: Report,
): Connection {
  const [local, remote] = [conn.localAddr, conn.remoteAddr].map(nameOf);
  const inward = `${local} <- ${remote}`;
  const outward = `${local} -> ${remote}`;
  let isClosed = false;

  async function attempt<T extends number | null | void>(
    call: string,
    pending: Promise<T>,
    buffer?: Uint8Array,
  ): Promise<T> {
    const where = call === "recv" ? inward : outward;
    try {
      const value = await pending;
      report(call, where, describe(value, buffer));
      return value;
    } catch (error) {
      // Closing a connection ends the calls in flight: they have not failed.
      if (!isClosed) report(call, where, osErrorText(error));
      throw error;
    }
  }

  report(call, call === "accept" ? inward : outward);
  return {
    localAddr: conn.localAddr,
    remoteAddr: conn.remoteAddr,
    read: (buffer) => attempt("recv", conn.read(buffer), buffer),
    write: (bytes) => attempt("send", conn.write(bytes), bytes),
    closeWrite: () => attempt("shutdown", conn.closeWrite()),
    close() {
      isClosed = true;
      conn.close();
      // A client's port is its own; a server's connections share one, and differ in the other end.
      report("close", call === "accept" ? outward : local);
    },
  };
}

function traceListener(
  listener: Listener,
  report: Report,
  ofConnection: () => Report,
): Listener {
  const local = nameOf(listener.addr);
  let isClosed = false;
  report("listen", local);
  return {
    addr: listener.addr,
    async accept() {
      try {
        const conn = await listener.accept();
        return traceConnection(conn, "accept", ofConnection());
      } catch (error) {
        if (!isClosed) report("accept", local, osErrorText(error));
        throw error;
      }
    },
    close() {
      isClosed = true;
      listener.close();
      report("close", local);
    },
  };
}

/**
 * A network that reports its socket calls, each with its time, both ends and result:
 * `12:04:31.205  send     127.0.0.1:40628 -> 127.0.0.1:9001  2 bytes  21`.
 * @param print Takes each line, without its line end.
 * @param isColored Whether the lines of each connection get a color of their own.
 */
export function traced(
  network: Network,
  print: (line: string) => void,
  isColored: boolean,
): Network {
  const report: Report = (...call) => print(lineOf(...call));
  let connections = 0;
  const ofConnection = (): Report => {
    if (!isColored) return report;
    const color = COLORS[connections++ % COLORS.length];
    return (...call) => print(`\x1b[${color}m${lineOf(...call)}\x1b[0m`);
  };
  return {
    listen(port) {
      try {
        return traceListener(network.listen(port), report, ofConnection);
      } catch (error) {
        report("listen", `${HOST}:${port}`, osErrorText(error));
        throw error;
      }
    },
    async connect(port, signal) {
      try {
        const conn = await network.connect(port, signal);
        return traceConnection(conn, "connect", ofConnection());
      } catch (error) {
        // The local port of a socket that failed to connect is unknown.
        report("connect", `${HOST} -> ${HOST}:${port}`, osErrorText(error));
        throw error;
      }
    },
  };
}
