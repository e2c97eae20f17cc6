# SPDX-License-Identifier: Apache-2.0
"""Soaks an engine, its bus and a loading pipeline, and says in one line whether anything grew.

    python benchmarks/soak.py --minutes 10

A turn awaits no-ops one by one and gathered, maps batches, cancels spinning kernels, calls Python,
pushes and reads keyed slots, and loads an epoch of pictures. After a warm-up memory must stay flat
and the native layers must not ask for any; at the end no buffer, no file descriptor and no thread
may be left over. The exit status is 1 when something grew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cogway

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIDE = 160
_PICTURES = 48
_BATCH = 16
_WARM_UP_SHARE = 0.2
_GROWTH_MB = 4.0  # what the allocator and the page tables may move about
_GROWTH_SHARE = 0.01
_POOL_GROWTHS = 2  # pools double when more is in flight than ever before, as on a busy machine


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen between two turns."""

    seconds: float
    tasks: int
    rss_mb: float
    record_allocations: int
    live_buffers: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the soak found; `problems` is empty when all is well."""

    seconds: float
    tasks: int
    rss_before_mb: float
    rss_after_mb: float
    allocations: int
    buffers_left: int
    left_over: int  # buffers, descriptors and threads
    problems: tuple[str, ...]

    def line(self) -> str:
        """Return the verdict in one line."""
        state = "ok" if not self.problems else f"FAILED ({'; '.join(self.problems)})"
        return (
            f"soak {state}: {self.tasks:,} tasks in {self.seconds:.0f} s, RSS "
            f"{self.rss_before_mb:.1f} -> {self.rss_after_mb:.1f} MB, {self.allocations} native "
            f"allocations after warming up, {self.buffers_left} buffers left"
        )


def warmed_up(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples of the time after pools and caches have filled."""
    return [one for one in samples if one.seconds >= samples[-1].seconds * _WARM_UP_SHARE]


def judge(samples: Sequence[Sample], before: Sample, after: Sample) -> Verdict:
    """Hold what was seen against what must hold.

    Args:
        samples: One a turn, warm-up included, in order.
        before: Taken before the engine was made.
        after: Taken after it was closed.
    """
    steady = warmed_up(samples)
    part = max(1, len(steady) // 4)
    first = statistics.median(one.rss_mb for one in steady[:part])
    last = statistics.median(one.rss_mb for one in steady[-part:])
    allocations = steady[-1].record_allocations - steady[0].record_allocations
    problems = []
    if last - first > _GROWTH_MB + _GROWTH_SHARE * first:
        problems.append(f"memory grew by {last - first:.1f} MB")
    if allocations > _POOL_GROWTHS:
        problems.append(f"the native layers asked for memory {allocations} times")
    if after.live_buffers:
        problems.append(f"{after.live_buffers} buffers were left over")
    # The process-wide reaper thread and its descriptor stay once they were needed.
    descriptors = after.descriptors - before.descriptors
    threads = after.threads - before.threads
    if descriptors > 1:
        problems.append(f"{descriptors} descriptors were left over")
    if threads > 1:
        problems.append(f"{threads} threads were left over")
    return Verdict(
        seconds=samples[-1].seconds,
        tasks=samples[-1].tasks,
        rss_before_mb=first,
        rss_after_mb=last,
        allocations=allocations,
        buffers_left=after.live_buffers,
        left_over=after.live_buffers + max(0, descriptors - 1) + max(0, threads - 1),
        problems=tuple(problems),
    )


def rss_mb() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def look(engine: cogway.Engine | None, began: float) -> Sample:
    """Return what is to be seen now."""
    found = engine.statistics() if engine is not None else None
    return Sample(
        seconds=time.monotonic() - began,
        tasks=found.completed + found.cancelled + found.failed if found else 0,
        rss_mb=rss_mb(),
        record_allocations=found.record_allocations if found else 0,
        live_buffers=engine.bus.statistics().live_buffers if engine is not None else 0,
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=len(os.listdir("/proc/self/task")),
    )


def draw_pictures(engine: cogway.Engine, folder: Path) -> list[str]:
    """Encode gradients into JPEG files and return their paths."""
    paths = []
    for number in range(_PICTURES):
        pixels = bytearray(_SIDE * _SIDE * 3)
        for channel in range(3):
            step = 1 + (number + channel) % 5
            pixels[channel::3] = bytes(
                (x * step + y * (6 - step)) & 0xFF for y in range(_SIDE) for x in range(_SIDE)
            )
        picture = memoryview(pixels).cast("B", (_SIDE, _SIDE, 3))
        encoded = engine.c_spawn("image.encode", picture, quality=85).result(30)
        path = folder / f"{number:03}.jpg"
        path.write_bytes(encoded)
        paths.append(str(path))
    return paths


async def await_and_gather(engine: cogway.Engine) -> None:
    """No-ops, one by one, gathered and mapped."""
    for _ in range(300):
        await engine.c_spawn("core.noop")
    for _ in range(3):
        await asyncio.gather(*[engine.c_spawn("core.noop") for _ in range(500)])
    for _ in range(5):
        await engine.c_map("core.noop", [()] * 1000)


async def cancel(engine: cogway.Engine) -> None:
    """Kernels cancelled while they wait and while they run."""
    tickets = [engine.c_spawn("core.spin", ns=200_000) for _ in range(40)]
    for ticket in tickets[::2]:
        ticket.cancel()
    await asyncio.gather(*tickets, return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await engine.c_spawn("core.spin", ns=5_000_000)


async def call_python(engine: cogway.Engine) -> None:
    """Callables and a failing one on Python workers."""
    found = await asyncio.gather(*[engine.spawn(len, "x" * size) for size in range(50)])
    if found != list(range(50)):
        raise RuntimeError(f"calls returned {found}")
    with contextlib.suppress(ZeroDivisionError):
        await engine.spawn(lambda: 1 // 0)


def use_slots(engine: cogway.Engine) -> None:
    """Buffers of many sizes leased, frozen, kept under a key and read."""
    for number in range(20):
        buffer = engine.bus.lease((1 << (8 + number % 12),), "uint8")
        with memoryview(buffer) as view:
            view[0] = number
        buffer.freeze()
        engine.bus.push(f"slot-{number}", buffer)
        kept = engine.bus.snapshot(f"slot-{number}")
        if kept is None or memoryview(kept)[0] != number:
            raise RuntimeError(f"slot {number} holds another value")
        engine.bus.pop(f"slot-{number}")


async def load(pipeline: cogway.Pipeline, epoch: int) -> None:
    """An epoch of pictures."""
    batches = 0
    async with pipeline.run(epoch) as run:
        async for batch in run:
            batches += 1
            if batch.data.shape != (_BATCH, 3, 96, 96):
                raise RuntimeError(f"a batch has shape {batch.data.shape}")
    if batches != _PICTURES // _BATCH:
        raise RuntimeError(f"an epoch has {batches} batches")


def pictures_pipeline(engine: cogway.Engine, paths: list[str]) -> cogway.Pipeline:
    """Return the pipeline that the soak loads with."""
    return (
        cogway.Pipeline(engine)
        .source(paths, shuffle=7)
        .native("file.read")
        .native("image.sample", size=96, seed=7, index=cogway.INDEX, epoch=cogway.EPOCH)
        .batch(_BATCH)
        .prefetch(2)
    )


async def turns(engine: cogway.Engine, seconds: float, folder: Path) -> list[Sample]:
    """Run turn after turn for a time and return a sample of each."""
    pipeline = pictures_pipeline(engine, draw_pictures(engine, folder))
    began = time.monotonic()
    samples: list[Sample] = []
    while not samples or samples[-1].seconds < seconds:
        await await_and_gather(engine)
        await cancel(engine)
        await call_python(engine)
        use_slots(engine)
        await load(pipeline, len(samples))
        if len(samples) % 20 == 0:
            engine.resize(native=1 + len(samples) // 20 % 2)
        gc.collect()
        samples.append(look(engine, began))
    return samples


def soak(seconds: float) -> tuple[Verdict, list[Sample]]:
    """Soak for a time; return the verdict and what was seen."""
    began = time.monotonic()
    before = look(None, began)
    with tempfile.TemporaryDirectory() as folder:
        engine = cogway.Engine(native_workers=2, background_workers=2, python_workers=2)
        bus = engine.bus
        try:
            samples = asyncio.run(turns(engine, seconds, Path(folder)))
        finally:
            engine.close()
    gc.collect()
    left = bus.statistics().live_buffers
    del engine, bus
    gc.collect()
    after = look(None, began)
    after = Sample(**{**asdict(after), "live_buffers": left})
    return judge(samples, before, after), samples


def main(words: Sequence[str] | None = None) -> int:
    """Soak and print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--json", action="store_true", help="print verdict and samples as JSON")
    parser.add_argument("--store", action="store_true", help="keep it in benchmarks/results")
    found = parser.parse_args(words)
    if not found.minutes > 0:
        parser.error("--minutes must be positive")
    verdict, samples = soak(found.minutes * 60)
    if found.json:
        print(json.dumps({"verdict": asdict(verdict), "samples": [*map(asdict, samples)]}))
    else:
        print(verdict.line())
    if found.store:
        sys.path.insert(0, str(Path(__file__).resolve().parent))
        soak_result = importlib.import_module("soak_result")
        try:
            print(f"stored: {soak_result.save(verdict, warmed_up(samples))}", file=sys.stderr)
        except ValueError as error:
            print(f"not stored: {error}", file=sys.stderr)
            return 1
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
