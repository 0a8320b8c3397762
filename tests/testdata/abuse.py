"""Clients and servers that do what Deno's sockets can't: reset a connection at will.

python3 abuse.py reset-at-once|send-and-reset|connect-and-close PORT COUNT
python3 abuse.py server-resets-before|server-resets-after

A client ends after COUNT connections, one after the other. A server prints its port, and goes on
until standard input ends.
"""

import socket
import struct
import sys
import threading

HOST = "127.0.0.1"

# To close a socket that lingers for no time at all resets the connection.
NO_TIME = struct.pack("ii", 1, 0)


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_TIME)
    conn.close()


def reset_at_once(conn):
    reset(conn)


def send_and_reset(conn):
    conn.sendall(b"21")
    reset(conn)


def connect_and_close(conn):
    conn.close()


def server_resets_before(conn):
    reset(conn)


def server_resets_after(conn):
    conn.recv(1024)
    reset(conn)


def serve(handle):
    listener = socket.create_server((HOST, 0))
    print(listener.getsockname()[1], flush=True)

    def accept_all():
        while True:
            handle(listener.accept()[0])

    threading.Thread(target=accept_all, daemon=True).start()
    sys.stdin.read()


def main(how, port=None, count=1):
    handle = globals()[how.replace("-", "_")]
    if port is None:
        return serve(handle)
    for _ in range(int(count)):
        handle(socket.create_connection((HOST, int(port))))


main(*sys.argv[1:])
