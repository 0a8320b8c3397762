"""Answers how Python behaves, for the tests to compare with.

A question is a line of JSON: the name of a function below and a list of arguments. The answer is a
line of JSON, too: what the function returns for each of them, null where it raises ValueError.
"""

import errno
import json
import os
import socket
import struct
import sys
import threading
import unicodedata


def integer(text):
    return str(int(text))


def known(characters):
    """Those that this Python's Unicode is new enough to have."""
    return "".join(c for c in characters if unicodedata.category(c) != "Cn")


def spaces(characters):
    return "".join(c for c in characters if c.isspace())


def digits(characters):
    return "".join(c for c in characters if unicodedata.category(c) == "Nd")


def escape(text):
    """The text between the quotes of its repr."""
    return repr(text)[1:-1]


def decode(hexadecimal):
    return bytes.fromhex(hexadecimal).decode()


def escape_bytes(hexadecimal):
    """What is escaped twice, by backslashreplace and by repr, has one backslash all the same."""
    text = bytes.fromhex(hexadecimal).decode(errors="backslashreplace")
    return escape(text).replace("\\\\", "\\")


def os_error(code):
    number = getattr(errno, code)
    error = OSError(number, os.strerror(number))
    return {
        "number": number,
        "message": os.strerror(number),
        "text": str(error),
        "line": f"{type(error).__name__}: {error}",
    }


def reset(reply):
    """The port of a server that replies, if there is a reply, and then resets the connection."""

    def serve():
        while True:
            sock, _ = listener.accept()
            if reply is not None:
                sock.recv(1024)
                sock.sendall(reply.encode())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


FUNCTIONS = {
    f.__name__: f
    for f in (
        integer,
        known,
        spaces,
        digits,
        escape,
        decode,
        escape_bytes,
        os_error,
        reset,
    )
}


def answer(function, argument):
    try:
        return function(argument)
    except ValueError:
        return None


for line in sys.stdin.buffer:
    name, arguments = json.loads(line)
    print(json.dumps([answer(FUNCTIONS[name], a) for a in arguments]), flush=True)
