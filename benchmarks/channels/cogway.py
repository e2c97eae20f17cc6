# SPDX-License-Identifier: Apache-2.0
"""Two channels of a shared bus; buffers travel without a copy."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import Any

import cogway
from harness import sibling

peer: Any = sibling(__file__, "_peer")

ANSWERING = f"""
import sys
import time
import cogway

with cogway.Bus.open(sys.argv[1]) as bus:
    back, flood = bus.channel("back"), bus.channel("flood")
    for message in bus.channel("there"):
        if message == b"stamp":
            until = time.perf_counter_ns() + 100_000
            while time.perf_counter_ns() < until:
                pass
            back.send(time.perf_counter_ns().to_bytes(8, "little"))
        elif isinstance(message, bytes) and len(message) != 8:
            small = bytes({peer.SMALL})
            for _ in range(int(message[1:])):
                flood.send(small)
        elif isinstance(message, bytes):
            back.send(message)
        else:
            with memoryview(message) as view:
                assert len(bytes(view[::{peer.PAGE}])) == {peer.NBYTES // peer.PAGE}
                stamp = bytes(view[:8])
            message.release()
            back.send(stamp)
"""


class Channel(peer.Sender):  # type: ignore[misc]
    label = "cogway"
    distribution = "cogway"
    answers = ("echo", "pages", "flood", "awake", "asleep")

    def open(self) -> None:
        name = f"bench-channels-{os.getpid()}"
        self._bus = cogway.Bus.create(name, bytes=64 << 20)
        self._there = self._bus.channel("there", kind="spsc")
        self._back = self._bus.channel("back", kind="spsc")
        self._flood = self._bus.channel("flood", kind="spsc", capacity=4096)
        self._peer = subprocess.Popen([sys.executable, "-c", ANSWERING, name])
        self.echo(b"is it up")

    def echo(self, message: bytes) -> bytes:
        self._there.send(message)
        return bytes(self._back.receive(timeout=60))

    def pages(self, stamp: bytes) -> bytes:
        buffer = self._bus.lease(peer.NBYTES)
        with memoryview(buffer) as view:
            view[:8] = stamp
        self._there.send(buffer)
        buffer.release()
        return bytes(self._back.receive(timeout=60))

    def flood(self, count: int) -> float:
        self._there.send(b"n%d" % count)
        left = count - len(self._flood.receive_many(1, timeout=60))
        began = time.perf_counter()
        while left:
            left -= len(self._flood.receive_many(1000, timeout=60))
        return time.perf_counter() - began

    def awaits(self, count: int, awake: bool) -> list[int]:
        side = self._back.aio
        return list(
            asyncio.run(
                peer.awaited(count, awake, lambda: self._there.send_nowait(b"stamp"), side.receive)
            )
        )

    def close(self) -> None:
        self._there.close()
        self._peer.wait()
        self._bus.close()
