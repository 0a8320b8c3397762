# 1. Imports
import socket
import sys

# 2. Arguments
if len(sys.argv) != 2:
    print("Usage: python server.py <server number>. For further information check readme file")
    sys.exit(1)

# 3. The server number
try:
    number = int(sys.argv[1])
except ValueError:
    print("Invalid argument. Please provide an integer.")
    sys.exit(1)

# 4. Address and port
address = ("127.0.0.1", 9000 + number)

# 5. Socket, bind, listen
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address)
server.listen(5)
print(f"Server is listening on {address[0]}:{address[1]}")

while True:
    # 6. Accept
    client, peer = server.accept()
    print(f"Accepted connection from {peer}")
    try:
        # 7. Receive
        text = client.recv(1024).decode()
        print(f"Received from client: {text}")
        # 8. Process and respond
        try:
            if text.startswith("square "):
                operand = int(text[len("square "):])
                reply = str(operand * operand)
            else:
                reply = str(2 * int(text))
        except ValueError:
            reply = "Received data is not valid integer"
        client.sendall(reply.encode())
    except (OSError, UnicodeDecodeError) as error:
        print(f"The client has gone, or sent no text: {error}")
    # 9. Close
    client.close()
