"""A client of the protocol as a beginner writes it: one question after the other, a line for each step.
Its arguments are the numbers of the servers that it draws from."""

import random
import socket
import sys

PROMPT = "Enter number to calculate: (or write exit to terminate): "


def ask(port, text):
    server = "Server 127.0.0.1:%d" % port
    try:
        connection = socket.socket()
    except OSError as error:
        print("socket creation failed with error", error)
        return
    with connection:
        try:
            connection.connect(("127.0.0.1", port))
        except OSError as error:
            print("Failed to connect to", server, "with error", error)
            return
        print("connected to", server)
        connection.sendall(text.encode())
        print("Received from server:", connection.recv(1024).decode())


while (line := input(PROMPT)).lower() != "exit":
    ask(9000 + int(random.choice(sys.argv[1:])), line)
