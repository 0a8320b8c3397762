# Connects to the port that is its argument, and resets the connection a second later
import socket
import struct
import sys
import time

client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
time.sleep(1)
# To linger for 0 seconds is to drop what is under way, and to send a reset in place of a goodbye
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
