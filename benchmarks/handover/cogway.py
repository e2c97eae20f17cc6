# SPDX-License-Identifier: Apache-2.0
"""A buffer of the bus, written by a kernel and read in Python where it lies."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import cogway
from harness import Case, Contestant, built, samples, sibling

pages: Any = sibling(__file__, "_pages")


class Ours(Contestant):
    label = "cogway"

    def open(self) -> None:
        cogway.load(str(built.find("handover/pack/libcogway_handover.so")))

    def measure(self, case: Case) -> dict[str, float]:
        count = case.count(2000, 50)
        with cogway.Engine(native_workers=1) as engine:
            if case.params["loop"]:
                return samples.latency(asyncio.run(self._awaited(engine, count)))
            found = []
            for stamp in range(count):
                began = time.perf_counter_ns()
                ticket = engine.c_spawn("handover.stamp", nbytes=pages.NBYTES, stamp=stamp)
                pages.touch(ticket.result(10), stamp)
                del ticket
                found.append(time.perf_counter_ns() - began)
            return samples.latency(found)

    async def _awaited(self, engine: cogway.Engine, count: int) -> list[int]:
        found = []
        for stamp in range(count):
            began = time.perf_counter_ns()
            buffer = await engine.c_spawn("handover.stamp", nbytes=pages.NBYTES, stamp=stamp)
            pages.touch(buffer, stamp)
            del buffer
            found.append(time.perf_counter_ns() - began)
        return found
