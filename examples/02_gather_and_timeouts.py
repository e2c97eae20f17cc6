# SPDX-License-Identifier: Apache-2.0
"""Tickets behave as asyncio's futures do: gather, wait_for, cancellation, deadlines."""

import asyncio
import contextlib

import cogway


async def main() -> None:
    async with cogway.Engine(native_workers=2) as engine:
        many = await asyncio.gather(*(engine.c_spawn("core.copy", bytes([i])) for i in range(100)))
        assert [bytes(buffer)[0] for buffer in many] == list(range(100))
        print("gathered", len(many))

        # Leaving a wait cancels the work: the running kernel sees it and stops.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(engine.c_spawn("core.spin", ns=10**12), timeout=0.05)
        print("timed out, and the worker is free again")

        # A deadline belongs to the work itself, whoever waits for it.
        try:
            await engine.c_spawn("core.spin", ns=10**12, deadline=0.05)
        except TimeoutError:
            print("the deadline ended it")

        # Failures arrive as exceptions that say which kernel, and why.
        try:
            await engine.c_spawn("file.read", path="/no/such/file")
        except cogway.KernelError as error:
            print("refused:", error)


asyncio.run(main())
