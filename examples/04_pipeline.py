# SPDX-License-Identifier: Apache-2.0
"""A pipeline: files in, batches out, native and Python stages between, bounded all the way."""

import asyncio
import tempfile
from pathlib import Path

import cogway


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i in range(100):
            path = Path(folder) / f"{i:03d}.txt"
            path.write_bytes(b"%03d " % i * 8)
            paths.append(path)

        async with cogway.Engine(background_workers=2) as engine:
            pipeline = (
                cogway.Pipeline(engine)
                .source(paths, labels=range(100), shuffle=7)
                .native("file.read")  # these two are one task for each file,
                .native("core.copy")  # and the last one writes into the file's place
                .batch(32)
                .python(lambda batch: len(set(bytes(batch.data))))
                .prefetch(2)
            )
            async for batch in pipeline:
                print(len(batch), "files,", batch.data, "different bytes, first", batch.labels[:4])

            async with pipeline.run(epoch=0) as epoch:
                async for _ in epoch:
                    pass
            for stage in epoch.statistics().stages:
                print(
                    f"{stage.name:<12} {stage.completed:>4} done, p50 {stage.p50_ns / 1e3:.0f} µs"
                )


asyncio.run(main())
