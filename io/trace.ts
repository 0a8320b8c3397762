/** `--trace`: shows every socket call once it has ended.
 * @module */

import { osErrorText } from "../python/os_error.ts";
import { escapeBytes } from "../python/repr.ts";
import {
  type Address,
  type Connection,
  HOST,
  type Listener,
  type Network,
} from "./network.ts";

const SHOWN_BYTES = 64;

/** The names of the calls in Python's `socket`. */
type Call =
  | "listen"
  | "accept"
  | "connect"
  | "recv"
  | "send"
  | "shutdown"
  | "close";

type Report = (call: Call, where: string, result?: string) => void;

function nameOf({ hostname, port }: Address): string {
  return `${hostname}:${port}`;
}

function timeOfDay(): string {
  const now = new Date();
  const milliseconds = String(now.getMilliseconds()).padStart(3, "0");
  return `${now.toTimeString().slice(0, 8)}.${milliseconds}`;
}

function describe(bytes: Uint8Array): string {
  const unit = bytes.length === 1 ? "byte" : "bytes";
  const shown = escapeBytes(bytes.subarray(0, SHOWN_BYTES));
  const more = bytes.length > SHOWN_BYTES ? "…" : "";
  return `${bytes.length} ${unit}  ${shown}${more}`;
}

class TracedConnection implements Connection {
  readonly #conn: Connection;
  readonly #report: Report;
  readonly #local: string;
  readonly #remote: string;
  readonly #isAccepted: boolean;
  #isClosed = false;

  constructor(conn: Connection, report: Report, isAccepted: boolean) {
    this.#conn = conn;
    this.#report = report;
    this.#local = nameOf(conn.localAddr);
    this.#remote = nameOf(conn.remoteAddr);
    this.#isAccepted = isAccepted;
  }

  get localAddr(): Address {
    return this.#conn.localAddr;
  }

  get remoteAddr(): Address {
    return this.#conn.remoteAddr;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const size = await this.#try("recv", this.#conn.read(buffer));
    this.#report(
      "recv",
      this.#arrow("recv"),
      size === null ? "end of stream" : describe(buffer.subarray(0, size)),
    );
    return size;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const size = await this.#try("send", this.#conn.write(bytes));
    this.#report(
      "send",
      this.#arrow("send"),
      describe(bytes.subarray(0, size)),
    );
    return size;
  }

  async closeWrite(): Promise<void> {
    await this.#try("shutdown", this.#conn.closeWrite());
    this.#report("shutdown", this.#arrow("shutdown"));
  }

  close(): void {
    this.#isClosed = true;
    this.#conn.close();
    // A client's port is its own; a server's connections share one, and differ in the other end.
    const where = this.#isAccepted ? this.#arrow("close") : this.#local;
    this.#report("close", where);
  }

  #arrow(call: Call): string {
    return `${this.#local} ${call === "recv" ? "<-" : "->"} ${this.#remote}`;
  }

  /** Reports a call that failed, unless closing the connection was what ended it. */
  async #try<T>(call: Call, pending: Promise<T>): Promise<T> {
    try {
      return await pending;
    } catch (error) {
      if (!this.#isClosed) {
        this.#report(call, this.#arrow(call), osErrorText(error));
      }
      throw error;
    }
  }
}

class TracedListener implements Listener {
  readonly #listener: Listener;
  readonly #report: Report;
  readonly #local: string;
  #isClosed = false;

  constructor(listener: Listener, report: Report) {
    this.#listener = listener;
    this.#report = report;
    this.#local = nameOf(listener.addr);
    report("listen", this.#local);
  }

  get addr(): Address {
    return this.#listener.addr;
  }

  async accept(): Promise<Connection> {
    try {
      const conn = await this.#listener.accept();
      const ends = `${this.#local} <- ${nameOf(conn.remoteAddr)}`;
      this.#report("accept", ends);
      return new TracedConnection(conn, this.#report, true);
    } catch (error) {
      if (!this.#isClosed) {
        this.#report("accept", this.#local, osErrorText(error));
      }
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    this.#report("close", this.#local);
  }
}

/**
 * A network that reports its socket calls, each with its time, both ends and result:
 * `12:04:31.205  send     127.0.0.1:40628 -> 127.0.0.1:9001  2 bytes  21`.
 * @param print Takes each line, without its line end.
 */
export function traced(
  network: Network,
  print: (line: string) => void,
): Network {
  const report: Report = (call, where, result) => {
    const line = `${timeOfDay()}  ${call.padEnd(9)}${where}`;
    print(result === undefined ? line : `${line}  ${result}`);
  };
  return {
    listen(port) {
      try {
        return new TracedListener(network.listen(port), report);
      } catch (error) {
        report("listen", `${HOST}:${port}`, osErrorText(error));
        throw error;
      }
    },
    async connect(port, signal) {
      try {
        const conn = await network.connect(port, signal);
        const ends = `${nameOf(conn.localAddr)} -> ${nameOf(conn.remoteAddr)}`;
        report("connect", ends);
        return new TracedConnection(conn, report, false);
      } catch (error) {
        // The local port of a socket that failed to connect is unknown.
        report("connect", `${HOST} -> ${HOST}:${port}`, osErrorText(error));
        throw error;
      }
    },
  };
}
