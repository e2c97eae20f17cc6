# SPDX-License-Identifier: Apache-2.0
"""The first await: a native function runs on a native worker while the event loop goes on."""

import asyncio

import cogway


async def main() -> None:
    async with cogway.Engine() as engine:
        # A kernel is called with buffers and parameters and gives a ticket at once ...
        ticket = engine.c_spawn("core.copy", b"hello from a native worker")
        print("the loop is free while the worker works")
        # ... which is awaited for its result: a typed buffer on the engine's bus.
        buffer = await ticket
        print(buffer, bytes(buffer))
        assert bytes(buffer) == b"hello from a native worker"


asyncio.run(main())
