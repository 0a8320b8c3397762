"""Runs a command on a terminal of its own: what is typed comes in on standard input, and what is on
the screen goes out on standard output. Exits with the command's status as a shell shows it."""

import os
import pty
import sys

status = os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:]))
sys.exit(status if status >= 0 else 128 - status)
