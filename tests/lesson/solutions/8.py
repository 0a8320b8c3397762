# 1. Imports
import random
import socket

# 2. A socket: each number needs one of its own, which step 6 makes

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
        with socket.create_connection(address) as client:
            print(f"connected to {name}")
            # 7. Send
            client.sendall(text.encode())
            # 8. Receive and print
            data = b""
            while piece := client.recv(1024):
                data += piece
            reply = data.decode()
            print(f"Received from server: {reply}")
            # 10. Close, and a new socket for the next number: `with` and step 6 see to that
    except OSError as error:
        # 9. Errors
        print(f"Failed to connect to {name} with error {error}")

# 11. The end: nothing is open any more
