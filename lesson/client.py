# 1. Imports
import random
import socket

# 2. A socket
try:
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except OSError as error:
    print(f"socket creation failed with error {error}")

# 3. The servers' addresses
servers = [("127.0.0.1", 9001), ("127.0.0.1", 9002), ("127.0.0.1", 9003)]

while True:
    # 4. Prompt and loop
    text = input("Enter number to calculate: (or write exit to terminate): ")
    if text.lower() == "exit":
        break
    # 5. Choose a server
    address = random.choice(servers)
    name = f"Server {address[0]}:{address[1]}"
    try:
        # 6. Connect
        client.connect(address)
        print(f"connected to {name}")
        # 7. Send
        client.sendall(text.encode())
        # 8. Receive and print
        reply = client.recv(1024).decode()
        print(f"Received from server: {reply}")
    except OSError as error:
        # 9. Errors
        print(f"Failed to connect to {name} with error {error}")
    # 10. Close, and a new socket for the next number
    client.close()
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)

# 11. The end
client.close()
