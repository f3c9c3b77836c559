"""Holds sockets open until its standard input ends: half of them TCP connections over loopback.

usage: hold.py COUNT

Both ends of each are held here; the other half are pairs of Unix sockets. Prints a line when all
are open. Connections end by a reset, so as not to leave TIME_WAIT behind.
"""

import resource
import socket
import struct
import sys

count = int(sys.argv[1])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
listener = socket.create_server(("127.0.0.1", 0))
held: list[socket.socket] = []
for number in range(count // 2):
    if number % 2:
        held += socket.socketpair()
        continue
    near = socket.create_connection(listener.getsockname())
    far = listener.accept()[0]
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    held += (far, near)
print(len(held), flush=True)
sys.stdin.read()
for end in reversed(held):
    end.close()
