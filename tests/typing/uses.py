# SPDX-License-Identifier: Apache-2.0
"""What type checkers make of the public API. Checked by mypy in ./dev lint, never run."""

from __future__ import annotations

from typing import Any, Literal, assert_type

import cogway
from cogway import (
    Batch,
    Buffer,
    Bus,
    ChannelStatistics,
    ChannelTaskSide,
    Engine,
    Item,
    Pipeline,
    PipelineStatistics,
    Processes,
    SharedBus,
    SharedChannel,
    Ticket,
)
from cogway.sync import (
    AtomicFloat64,
    AtomicInt64,
    Barrier,
    BatchExecutor,
    ConcurrentDeque,
    ConcurrentQueue,
    RWLock,
    critical_section,
)


def double(value: int) -> int:
    return 2 * value


async def later(value: int) -> str:
    return str(value)


async def tickets(engine: Engine) -> None:
    call = engine.spawn(double, 1)
    assert_type(call, Ticket[int])
    assert_type(await call, int)
    assert_type(call.result(timeout=1.0), int)
    assert_type(call.done(), bool)
    assert_type(await engine.spawn(later, 1), str)
    assert_type(await engine.spawn(later(1)), str)
    assert_type(cogway.c_spawn("core.noop"), Ticket[Any])
    with Engine(strategy=Processes(retries=1, initializer=print, initargs=(1,))) as apart:
        assert_type(apart.spawn(double, 1), Ticket[int])
        assert_type(apart.worker_bus, SharedBus)


async def synchronisation(queue: ConcurrentQueue[str], deque: ConcurrentDeque[int]) -> None:
    assert_type(queue.get(timeout=1.0), str)
    assert_type(await queue.get_async(), str)
    assert_type(await queue.aio.get(), str)
    assert_type(deque.popleft(), int)
    assert_type(BatchExecutor(str, 4).load(), str)
    assert_type(await Barrier(1).wait_async(), int)
    assert_type(AtomicInt64().wait(1, timeout=0), bool)
    with RWLock().read() as held:
        assert_type(held, bool)
    with critical_section(queue, deque) as nothing:
        assert_type(nothing, None)


async def pipelines(engine: Engine) -> None:
    pipeline = Pipeline(engine).source([b"a"], labels=[0]).native("core.copy").batch(2).prefetch(2)
    assert_type(pipeline, Pipeline)
    run = pipeline.run(epoch=0)
    assert_type(run.statistics(), PipelineStatistics)
    async for element in run:
        assert_type(element, Batch | Item)


def buffers(bus: Bus) -> None:
    buffer = bus.lease((2, 3), "float32", timeout=1.0)
    assert_type(buffer, Buffer)
    assert_type(buffer.shape, tuple[int, ...])
    assert_type(memoryview(buffer).nbytes, int)
    assert_type(bus.snapshot("key"), Buffer)
    assert_type(bus.snapshot("key", None), Buffer | None)


def words(bus: SharedBus) -> None:
    count = AtomicInt64.on_bus(bus, "count", value=3)
    assert_type(count, AtomicInt64)
    assert_type(count.wait(3, timeout=1), bool)
    assert_type(AtomicFloat64.on_bus(bus, "level", 1.5).get(), float)
    with bus.mutex("lock") as held:
        assert_type(held, Literal[True])
    assert_type(bus.mutex("lock").repair(lambda: None), bool)
    assert_type(bus.statistics().words[0].kind, str)


async def channels(bus: SharedBus) -> None:
    channel = bus.channel("frames", capacity=8, policy="drop_oldest", kind="mpmc")
    assert_type(channel, SharedChannel)
    channel.send(bus.copy(b"frame"), timeout=1.0)
    channel.send_nowait(bytearray(b"text"))
    assert_type(channel.receive(timeout=1.0), bytes | Buffer)
    assert_type(channel.receive_many(8), list[bytes | Buffer])
    assert_type(channel.statistics(), ChannelStatistics)
    for message in channel:
        assert_type(message, bytes | Buffer)
    assert_type(channel.aio, ChannelTaskSide)
    await channel.aio.send(b"text", timeout=1.0)
    assert_type(await channel.aio.receive(), bytes | Buffer)
    assert_type(await channel.aio.receive_many(8, timeout=1.0), list[bytes | Buffer])
    async for message in channel.aio:
        assert_type(message, bytes | Buffer)
    bus.channel("frames", policy="drop")  # type: ignore[arg-type]


def refused(engine: Engine, bus: Bus) -> None:
    engine.spawn(double, 1, priority=3)  # type: ignore[call-overload]
    bus.lease("two", "float32")  # type: ignore[arg-type]
    Engine(native_workers="many")  # type: ignore[arg-type]
