# SPDX-License-Identifier: Apache-2.0
"""Posts from kernels to Python: where they are called, bounds, failures, and what the end does."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from pathlib import Path

import cogway
import kernel_packs
import pytest


@pytest.fixture(autouse=True)
def _pack():
    kernel_packs.load_pack("posting")


def number(buffer: cogway.Buffer) -> int:
    return int(buffer.item())


class Collector:
    """Collects numbers and says when there are enough."""

    def __init__(self, wanted: int) -> None:
        self.numbers: list[int] = []
        self.threads: set[str] = set()
        self.wanted = wanted
        self.complete = threading.Event()

    def __call__(self, buffer: cogway.Buffer) -> None:
        self.numbers.append(number(buffer))
        self.threads.add(threading.current_thread().name)
        if len(self.numbers) >= self.wanted:
            self.complete.set()


def test_on_a_thread_of_its_own_in_order(engine):
    seen = Collector(100)
    with engine.on_post("n", seen) as handler:
        engine.c_spawn("posting.count", to="n", n=100).result(10)
        assert seen.complete.wait(10)
        assert seen.numbers == list(range(100))
        assert seen.threads == {"cogway-post-n"}
        assert not handler.closed
        found = handler.statistics()
        assert (found.name, found.posted, found.delivered) == ("n", 100, 100)
        assert (found.dropped, found.refused, found.queued, found.failed) == (0, 0, 0, 0)
        assert engine.statistics().posts == (found,)
    assert handler.closed
    assert engine.statistics().posts == ()


def test_on_the_running_loop_in_its_context(run, engine):
    where = contextvars.ContextVar("where")

    async def main():
        where.set("here")
        seen = []
        enough = asyncio.Event()

        def take(buffer):
            assert asyncio.get_running_loop() is loop
            seen.append((number(buffer), where.get()))
            if len(seen) == 200:
                enough.set()

        loop = asyncio.get_running_loop()
        handler = engine.on_post("n", take)
        await asyncio.gather(
            engine.c_spawn("posting.count", to="n", n=100),
            engine.c_spawn("posting.count", to="n", n=100, first=100),
        )
        await asyncio.wait_for(enough.wait(), 10)
        assert sorted(seen) == [(i, "here") for i in range(200)]
        for part in (range(100), range(100, 200)):
            assert [i for i, _ in seen if i in part] == list(part)
        handler.close()
        while engine.statistics().posts:
            await asyncio.sleep(0)

    run(main())


def test_on_a_loop_of_another_thread(engine):
    seen = Collector(5)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="elsewhere")
    thread.start()
    handler = engine.on_post("n", seen, loop=loop)
    engine.c_spawn("posting.count", to="n", n=5).result(10)
    assert seen.complete.wait(10)
    assert seen.threads == {"elsewhere"}
    handler.close()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert engine.statistics().posts == ()


def test_inputs_arrive_as_frozen_copies_of_any_shape(engine):
    arrived = threading.Event()
    got = []

    def take(*buffers):
        got.extend(buffers)
        arrived.set()

    with engine.on_post("echo", take):
        source = bytearray(b"abcdef")
        view = memoryview(source)
        engine.c_spawn("posting.echo", view[::-2], b"", view.cast("B", (2, 3))).result(10)
        assert arrived.wait(10)
        source[:] = b"xxxxxx"
        assert [bytes(one) for one in got] == [b"fdb", b"", b"abcdef"]
        assert got[2].shape == (2, 3)
        assert all(one.state == "frozen" for one in got)
        got.clear()
        arrived.clear()
        engine.c_spawn("posting.echo").result(10)
        assert arrived.wait(10)
        assert got == []


def test_nobody_takes_them(engine):
    with pytest.raises(cogway.KernelError, match="not_found"):
        engine.c_spawn("posting.count", to="nobody", n=1).result(10)


@pytest.mark.parametrize("policy", ["fail", "drop-newest", "drop-oldest"])
def test_full(engine, policy):
    seen = Collector(4)
    begun, gate = threading.Event(), threading.Event()

    def take(buffer):
        begun.set()
        gate.wait()
        seen(buffer)

    with engine.on_post("n", take, capacity=4, when_full=policy) as handler:
        engine.c_spawn("posting.count", to="n", n=1, first=-1).result(10)
        assert begun.wait(10)
        ticket = engine.c_spawn("posting.count", to="n", n=6)
        if policy == "fail":
            with pytest.raises(cogway.KernelError, match="resource_exhausted: refused"):
                ticket.result(10)
        else:
            ticket.result(10)
        gate.set()
    kept = [2, 3, 4, 5] if policy == "drop-oldest" else [0, 1, 2, 3]
    assert seen.numbers == [-1, *kept]
    found = handler.statistics()
    assert found.dropped == (0 if policy == "fail" else 2)
    assert found.refused == (1 if policy == "fail" else 0)


def test_what_the_callable_raises_on_a_thread(engine, monkeypatch):
    reported = []
    monkeypatch.setattr("sys.unraisablehook", lambda args: reported.append(args.exc_value))
    with engine.on_post("n", lambda buffer: 1 // number(buffer)) as handler:
        engine.c_spawn("posting.count", to="n", n=3).result(10)
    assert [type(error) for error in reported] == [ZeroDivisionError]
    assert handler.statistics().failed == 1
    assert handler.statistics().delivered == 3


def test_what_the_callable_raises_on_a_loop(run, engine):
    async def main():
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: reported.append(about))
        handler = engine.on_post("n", lambda buffer: 1 // number(buffer))
        await engine.c_spawn("posting.count", to="n", n=3)
        handler.close()
        while engine.statistics().posts:
            await asyncio.sleep(0)
        (about,) = reported
        assert isinstance(about["exception"], ZeroDivisionError)
        assert "posts 'n'" in about["message"]
        assert handler.statistics().delivered == 3

    run(main())


def test_wrong_use(engine):
    with pytest.raises(TypeError, match="must be callable, not int"):
        engine.on_post("n", 5)
    with pytest.raises(ValueError, match="'fail', 'drop-newest', 'drop-oldest'"):
        engine.on_post("n", print, when_full="block")
    with pytest.raises(ValueError, match="capacity"):
        engine.on_post("n", print, capacity=0)
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        engine.on_post("", print)
    with engine.on_post("n", print), pytest.raises(RuntimeError, match="'n' is open already"):
        engine.on_post("n", print)
    engine.on_post("n", print).close()
    assert engine.statistics().posts == ()


def test_the_callable_may_close_its_own_handler(engine):
    closed = threading.Event()

    def take(buffer):
        assert handler.close()
        closed.set()

    handler = engine.on_post("n", take)
    engine.c_spawn("posting.count", to="n", n=1).result(10)
    assert closed.wait(10)
    with pytest.raises(cogway.KernelError, match="unavailable"):
        engine.c_spawn("posting.count", to="n", n=1).result(10)


def test_leaving_the_engine_delivers_what_was_accepted():
    seen = Collector(1000)
    with cogway.Engine(native_workers=1) as engine:
        engine.on_post("n", seen, capacity=1024)
        engine.c_spawn("posting.count", to="n", n=1000)
    assert seen.numbers == list(range(1000))
    with pytest.raises(cogway.EngineClosed):
        engine.on_post("n", seen)


def test_leaving_the_engine_on_a_loop_delivers_what_was_accepted(run):
    async def main():
        seen = []
        async with cogway.Engine(native_workers=1) as engine:
            handler = engine.on_post("n", lambda buffer: seen.append(number(buffer)), capacity=1024)
            engine.c_spawn("posting.count", to="n", n=1000)
        assert seen == list(range(1000))
        assert handler.closed

    run(main())


def test_closing_refuses_later_posts_and_tells_the_kernel():
    with cogway.Engine(native_workers=1) as engine:
        arrived = threading.Event()
        engine.on_post("n", arrived.set, when_full="drop-newest")
        ticket = engine.c_spawn("posting.endless", to="n")
        assert arrived.wait(10)
        engine.close()
        assert ticket.result(10) is None


def test_a_handler_closes_with_its_loop(run, engine):
    handlers = []

    async def main():
        handlers.append(engine.on_post("n", print))
        await engine.c_spawn("core.noop")

    run(main())
    gc.collect()
    assert handlers[0].closed
    with pytest.raises(cogway.KernelError, match="unavailable"):
        engine.c_spawn("posting.count", to="n", n=1).result(10)
    handlers[0].close()
    assert engine.statistics().posts == ()


def test_a_manual_engine_delivers_when_told_to(manual):
    seen = []
    manual.on_post("n", lambda buffer: seen.append(number(buffer)))
    manual.c_spawn("posting.count", to="n", n=3)
    assert manual.step()
    assert seen == []
    assert manual.step()
    assert seen == [0, 1, 2]
    assert not manual.step()


@pytest.mark.slow
def test_many_handlers_come_and_go(engine):
    for i in range(300):
        seen = Collector(3)
        with engine.on_post(f"n{i}", seen, capacity=4):
            engine.c_spawn("posting.count", to=f"n{i}", n=3).result(10)
        assert seen.numbers == [0, 1, 2]


@pytest.mark.slow
def test_exit_without_closing(script):
    folder = str(Path(kernel_packs.__file__).parent)
    script(
        f"""
        import sys
        sys.path.insert(0, {folder!r})
        import kernel_packs, cogway
        kernel_packs.load_pack("posting")
        seen = []
        engine = cogway.Engine(native_workers=1)
        engine.on_post("n", lambda buffer: seen.append(int(buffer.item())))
        engine.c_spawn("posting.count", to="n", n=10).result()
        """
    )
