# SPDX-License-Identifier: Apache-2.0
"""The same channel, received by a thread, which posts to the loop by `call_soon_threadsafe`."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from harness import sibling

ours: Any = sibling(__file__, "cogway")
peer: Any = ours.peer


class Posting(ours.Channel):  # type: ignore[misc]
    label = "a thread and call_soon_threadsafe"
    answers = ("awake", "asleep")

    def awaits(self, count: int, awake: bool) -> list[int]:
        return list(asyncio.run(self._posted(count, awake)))

    async def _posted(self, count: int, awake: bool) -> list[int]:
        loop = asyncio.get_running_loop()
        place = loop.create_future()

        def receive() -> None:
            for message in self._back:
                if message == b"the end.":
                    return
                loop.call_soon_threadsafe(place.set_result, message)

        def ask() -> None:
            nonlocal place
            place = loop.create_future()
            self._there.send_nowait(b"stamp")

        async def answer() -> bytes:
            return bytes(await place)

        thread = threading.Thread(target=receive)
        thread.start()
        found = await peer.awaited(count, awake, ask, answer)
        self._there.send(b"the end.")
        await asyncio.to_thread(thread.join)
        return list(found)
