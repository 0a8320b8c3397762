/** The network as the program sees it, and the real one: the only place that opens sockets.
 * @module */

/** The only address that the program uses. */
export const HOST = "127.0.0.1";

/** The port of server number 0. */
export const FIRST_PORT = 9000;

/** The highest port. */
export const MAX_PORT = 65_535;

// Deno's default of 511 overflows in a burst, and a client that finds the backlog full retries only after
// a second. The system may allow fewer than this.
const BACKLOG = 4096;

/** What the program uses of a connection. Closing it makes a read or write in flight reject. */
export type Connection = Pick<
  Deno.TcpConn,
  "localAddr" | "remoteAddr" | "read" | "write" | "closeWrite" | "close"
>;

/** What the program uses of a listening socket. */
export interface Listener extends Pick<Deno.TcpListener, "addr" | "close"> {
  /** Resolves to the next connection. Rejects once the listener is closed. */
  accept(): Promise<Connection>;
}

/** What the program needs of a network, all on {@linkcode HOST}. */
export interface Network {
  /** Listens on a port; for 0 the system chooses one. Throws the system's error. */
  listen(port: number): Listener;
  /** Connects to a port. Rejects with the system's error, or with the signal's reason. */
  connect(port: number, signal: AbortSignal): Promise<Connection>;
}

/** The network of the operating system. */
export const tcp: Network = {
  listen(port) {
    return Deno.listen({ hostname: HOST, port, tcpBacklog: BACKLOG });
  },
  connect(port, signal) {
    return Deno.connect({ hostname: HOST, port, signal });
  },
};

/** The port of a server number, or `undefined` if 9000 + number is not a port. */
export function portOf(server: bigint): number | undefined {
  const port = BigInt(FIRST_PORT) + server;
  return port >= 0n && port <= MAX_PORT ? Number(port) : undefined;
}
