"""A plain Python server: one client at a time, a blocking socket, a line for each step."""

import socket

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.bind(("127.0.0.1", 0))
listener.listen(5)
print(f"Server is listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)

while True:
    client, address = listener.accept()
    print(f"Accepted connection from {address}")
    try:
        message = client.recv(1024).decode()
        print(f"Received from client: {message}")
        client.send(str(2 * int(message)).encode())
    except (OSError, ValueError):
        # Its queue is so short that clients give up under load; that must not end it.
        print("The client socket is closed")
    client.close()
