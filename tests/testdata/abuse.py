"""Clients that do what Deno's can't: reset a connection at will.

python3 abuse.py reset-at-once|send-and-reset|connect-and-close PORT COUNT

Ends after COUNT connections, one after the other.
"""

import socket
import struct
import sys

how, port, count = sys.argv[1:]
for _ in range(int(count)):
    conn = socket.create_connection(("127.0.0.1", int(port)))
    if how == "send-and-reset":
        conn.sendall(b"21")
    if how != "connect-and-close":
        # Closing a socket with a linger time of 0 resets the connection.
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
