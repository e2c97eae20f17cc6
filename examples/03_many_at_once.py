# SPDX-License-Identifier: Apache-2.0
"""c_map: one call and one await for many tasks, and results written into places of one buffer."""

import asyncio

import cogway


async def main() -> None:
    async with cogway.Engine(native_workers=2) as engine:
        rows = [b"%04d" % i * 4 for i in range(1000)]

        # A list of buffers, in order, for a single wake-up of the loop.
        copies = await engine.c_map("core.copy", rows)
        assert bytes(copies[999]) == rows[999]

        # With out=, item i is written into table[i]: nothing is gathered afterwards.
        table = engine.bus.lease((1000, 16), "uint8")
        await engine.c_map("core.copy", rows, out=table)
        assert bytes(table) == b"".join(rows)
        print("wrote", table)


asyncio.run(main())
