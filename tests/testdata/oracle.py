"""Says what Python makes of things, for the tests to compare.

A question is a line of JSON: the name of a function below and a list of arguments. The answer is
a line of JSON, too: what the function returns for each of them, null where it raises ValueError.
"""

import errno
import json
import os
import sys
import unicodedata


def double(message):
    return str(2 * int(message))


def known(characters):
    """Those that this Python's Unicode is new enough to have."""
    return "".join(c for c in characters if unicodedata.category(c) != "Cn")


def spaces(characters):
    return "".join(c for c in characters if c.isspace())


def digits(characters):
    return "".join(c for c in characters if unicodedata.category(c) == "Nd")


def escape(character):
    return repr(character)[1:-1]


def decode(hexadecimal):
    return bytes.fromhex(hexadecimal).decode("utf-8", "backslashreplace")


def os_error(code):
    number = getattr(errno, code)
    error = OSError(number, os.strerror(number))
    return {"text": str(error), "line": f"{type(error).__name__}: {error}"}


FUNCTIONS = {
    f.__name__: f for f in (double, known, spaces, digits, escape, decode, os_error)
}


def answer(function, argument):
    try:
        return function(argument)
    except ValueError:
        return None


for line in sys.stdin.buffer:
    name, arguments = json.loads(line)
    print(json.dumps([answer(FUNCTIONS[name], a) for a in arguments]), flush=True)
