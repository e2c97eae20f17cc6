# SPDX-License-Identifier: Apache-2.0
"""A server on the loopback interface that sends a little every few milliseconds.

Each connection gets 8 pieces of 512 bytes, one every 4 ms, and is closed: what a client waits for
is a socket, as with any remote service. It ends when standard input does.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys

PIECES, PIECE, PACE_S = 8, b"x" * 512, 0.004
TOTAL = PIECES * len(PIECE)


class Paced(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._left = PIECES
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._next()

    def _next(self) -> None:
        if self._left == 0:
            self._transport.close()
            return
        self._left -= 1
        self._due += PACE_S
        self._loop.call_at(self._due, self._send)

    def _send(self) -> None:
        self._transport.write(PIECE)
        self._next()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Paced, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = loop.create_future()
    loop.add_reader(0, lambda: ended.done() or ended.set_result(None))
    await ended
    server.close()


class Server:
    """The server in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(main())
