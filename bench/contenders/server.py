"""The same in Python: one client at a time, or all at once with `server.py PORT asyncio`."""
import asyncio
import socket
import sys

ADDRESS = ("127.0.0.1", int(sys.argv[1]))

def reply(message, address):
    print(f"Accepted connection from {address}\nReceived from client: {message.decode()}")
    return str(2 * int(message or 0)).encode()

async def handle(reader, writer):
    writer.write(reply(await reader.read(1024), writer.get_extra_info("peername")))
    writer.close()

async def serve():
    await (await asyncio.start_server(handle, *ADDRESS, backlog=4096)).serve_forever()

if "asyncio" in sys.argv:
    asyncio.run(serve())
listener = socket.create_server(ADDRESS, backlog=5)
while True:
    client, address = listener.accept()
    client.send(reply(client.recv(1024), address))
    client.close()
