"""An asyncio server and four clients at once: epoll, non-blocking connect, self-pipe pair."""

from __future__ import annotations

import asyncio


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Echo one connection until its end."""
    while data := await reader.read(64):
        writer.write(data)
        await writer.drain()
    writer.close()


async def ask(port: int, number: int) -> None:
    """Be a client."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for step in range(3):
        line = f"client {number} step {step}\n".encode()
        writer.write(line)
        if await reader.readline() != line:
            raise SystemExit(1)
    writer.close()
    await writer.wait_closed()


async def main() -> None:
    """Run server and clients."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(ask(port, number) for number in range(4)))
    server.close()


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(), 4))
