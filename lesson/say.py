# A client that sends what you tell it to, and shows its calls: say.py <port> <piece> ...
# After each piece it waits until nothing has come for a second. A piece is a text, or one of
#   hex:ff       bytes, two hexadecimal digits for each
#   digits:1500  a number of 1500 digits
#   silence:60   nothing, for 60 seconds
#   end          no more will be sent
#   reset        the connection will be closed with a reset
import socket
import struct
import sys


def show(call, data):
    unit = "byte" if len(data) == 1 else "bytes"
    more = "..." if len(data) > 40 else ""
    # b'21' without what is around the 21
    text = str(data[:40])[2:-1]
    print(f"{call}     {len(data)} {unit}  {text}{more}")


def send(data):
    client.sendall(data)
    show("send", data)


def receive(seconds):
    client.settimeout(seconds)
    try:
        while data := client.recv(4096):
            show("recv", data)
        print("recv     end of stream")
        sys.exit()
    except socket.timeout:
        print(f"recv     nothing for {seconds} s")


if len(sys.argv) < 3:
    sys.exit("Usage: say.py <port> <piece> ...")
try:
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    print(f"connect  127.0.0.1:{sys.argv[1]}")
    for piece in sys.argv[2:]:
        word, _, value = piece.partition(":")
        seconds = 1
        if word == "hex":
            send(bytes.fromhex(value))
        elif word == "digits":
            send(b"7" * int(value))
        elif word == "silence":
            seconds = int(value)
        elif word == "end":
            client.shutdown(socket.SHUT_WR)
            print("shutdown")
        elif word == "reset":
            # To linger for 0 seconds is to drop what is under way, and to say so
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            send(piece.encode())
        receive(seconds)
    client.close()
    print("close")
except (OSError, OverflowError, ValueError) as error:
    print(error)
