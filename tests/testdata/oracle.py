"""Answers how Python behaves, for the tests to compare with: python3 oracle.py FUNCTION

Standard input is a list of arguments, in JSON; so is standard output, of what the function returns for
each of them, null where it raises ValueError.
"""

import errno
import json
import os
import sys
import unicodedata


def integer(text):
    return str(int(text))


def known(character):
    """Whether this Python's Unicode is new enough to have it."""
    return unicodedata.category(character) != "Cn"


def space(character):
    return character.isspace()


def digit(character):
    return unicodedata.category(character) == "Nd"


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
    error = OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
    return [error.errno, error.strerror, str(error), f"{type(error).__name__}: {error}"]


def answer(function, argument):
    try:
        return function(argument)
    except ValueError:
        return None


function = globals()[sys.argv[1]]
json.dump([answer(function, argument) for argument in json.load(sys.stdin)], sys.stdout)
