# 1. Imports
import socket
import sys

# 2. Arguments
if len(sys.argv) != 2
    sys.exit(1)
