"""A server of the protocol as a beginner writes it: one client after the other, a line for each step."""

import socket
import sys


def double(text):
    try:
        return str(2 * int(text))
    except ValueError:
        return "Received data is not valid integer"


def serve(port):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen(5)
        print("Server is listening on 127.0.0.1:%d" % listener.getsockname()[1])
        while True:
            client, address = listener.accept()
            with client:
                print("Accepted connection from", address)
                message = client.recv(1024).decode()
                if message == "":
                    return
                print("Received from client:", message)
                client.sendall(double(message).encode())


def main():
    if len(sys.argv) != 2:
        print("Usage: python server.py <server number>. For further information check readme file")
        sys.exit(1)
    try:
        number = int(sys.argv[1])
    except ValueError:
        print("Invalid argument. Please provide an integer.")
        sys.exit(1)
    serve(9000 + number)


main()
