"""Replies to each client, if there is a reply, and then resets the connection: python3 reset.py [REPLY]"""

import socket
import struct
import sys

server = socket.create_server(("127.0.0.1", 0))
print(f"Server is listening on 127.0.0.1:{server.getsockname()[1]}", flush=True)
while True:
    conn, _ = server.accept()
    for reply in sys.argv[1:]:
        conn.recv(1024)
        conn.sendall(reply.encode())
    # Closing a socket with a linger time of 0 resets the connection.
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
