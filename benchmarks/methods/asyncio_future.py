# SPDX-License-Identifier: Apache-2.0
"""`asyncio.Future.done`, the standard library's own in C."""

from __future__ import annotations

import asyncio

from harness import Case, Contestant, calls


class AsyncioFuture(Contestant):
    label = "asyncio.Future.done"

    def measure(self, case: Case) -> dict[str, float]:
        loop = asyncio.new_event_loop()
        try:
            future = loop.create_future()
            future.set_result(None)
            return {"ns_per_call": calls.nanoseconds(future.done, case.count(20_000, 500), 15)}
        finally:
            loop.close()
