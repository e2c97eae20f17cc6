# SPDX-License-Identifier: Apache-2.0
"""SharedChannel.aio: tasks that send and receive between processes."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress

import cogway._channel_wait
import pytest
from cogway import Bus, ChannelClosed, ChannelTaskSide, EngineClosed, QueueFull

MIB = 1 << 20
LONG = 60


@pytest.fixture
def bus(request):
    name = f"ct-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"
    with Bus.create(name, bytes=8 * MIB) as made:
        yield made
    gc.collect()


@pytest.fixture
def no_look(monkeypatch):
    """Only a call wakes a task: nothing is found by looking."""
    monkeypatch.setattr(cogway._channel_wait, "_LOOK", 3600)


def start(code, bus):
    head = f"import asyncio, os, sys\nfrom cogway import *\nbus = Bus.open({bus.name!r})\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process):
    process.stdin.close()
    try:
        assert process.wait(timeout=LONG) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def settle():
    """Let every task come to its wait."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_what_is_there_is_received_and_room_is_used_at_once(bus, run):
    channel = bus.channel("a", capacity=2)

    async def main():
        side = channel.aio
        assert isinstance(side, ChannelTaskSide)
        assert "'" not in repr(side)
        assert repr(channel) in repr(side)
        await side.send(b"1")
        await side.send(bytearray(b"2"))
        assert await side.receive() == b"1"
        await side.send(b"3", timeout=0)
        assert await side.receive_many(5) == [b"2", b"3"]
        frame = bus.copy(b"x" * 4096)
        await side.send(frame)
        received = await side.receive(timeout=5)
        assert bytes(received) == b"x" * 4096

    run(main())
    assert channel.statistics().receive_waits == 0


def test_a_process_wakes_the_task_of_another(bus, run, no_look):
    there, back = bus.channel("there"), bus.channel("back")
    peer = start(
        """
        async def main():
            async for message in bus.channel("there").aio:
                await bus.channel("back").aio.send(message * 2)
        import cogway._channel_wait
        cogway._channel_wait._LOOK = 3600
        asyncio.run(main())
        """,
        bus,
    )

    async def main():
        for n in range(100):
            await there.aio.send(b"%d" % n)
            assert await back.aio.receive() == b"%d" % n * 2

    run(main())
    there.close()
    end(peer)


def test_a_sender_waits_for_room(bus, run, no_look):
    channel = bus.channel("a", capacity=1)
    peer = start("sys.stdin.readline()\nfor message in bus.channel('a'): print(message)", bus)

    async def main():
        await channel.aio.send(b"1")
        second = asyncio.ensure_future(channel.aio.send(b"2"))
        await settle()
        assert not second.done()
        peer.stdin.write("\n")
        peer.stdin.flush()
        await second

    run(main())
    channel.close()
    assert peer.stdout.read() == "b'1'\nb'2'\n"
    end(peer)
    now = channel.statistics()
    assert (now.send_waits, now.refused, now.sent) == (1, 0, 2)


def test_policies_are_those_of_send(bus, run):
    async def main():
        refusing = bus.channel("fail", capacity=1, policy="fail").aio
        await refusing.send(b"1")
        with pytest.raises(QueueFull):
            await refusing.send(b"2")
        newest = bus.channel("newest", capacity=1, policy="drop_oldest").aio
        await newest.send(b"1")
        await newest.send(b"2")
        assert await newest.receive() == b"2"

    run(main())


def test_time_limits(bus, run):
    channel = bus.channel("a", capacity=1)

    async def main():
        with pytest.raises(TimeoutError, match="no message in channel 'a'"):
            await channel.aio.receive(timeout=0)
        with pytest.raises(TimeoutError):
            await channel.aio.receive_many(3, timeout=0.001)
        await channel.aio.send(b"1")
        with pytest.raises(TimeoutError, match="no room in channel 'a'"):
            await channel.aio.send(b"2", timeout=0.001)
        for wrong in (-1, float("nan")):
            with pytest.raises(ValueError, match="timeout must be"):
                await channel.aio.receive(timeout=wrong)
        with pytest.raises(ValueError, match="n must be"):
            await channel.aio.receive_many(0)
        with pytest.raises(ValueError, match="121 bytes"):
            await channel.aio.send(b"x" * 121)

    run(main())
    now = channel.statistics()
    assert (now.receive_timeouts, now.send_timeouts) == (2, 1)


def test_who_is_cancelled_has_taken_nothing_and_the_next_is_woken(bus, run, no_look):
    channel = bus.channel("a")

    async def main():
        first, second = (asyncio.ensure_future(channel.aio.receive()) for _ in range(2))
        await settle()
        channel.send(b"1")
        calls = next(iter(cogway._channel_wait._calls.values()))
        calls.called()  # the first is to go on, and is cancelled before it does
        first.cancel()
        assert await second == b"1"
        assert first.cancelled()

    run(main())


def test_cancelled_senders_have_sent_nothing(bus, run):
    channel = bus.channel("a", capacity=1)

    async def main():
        await channel.aio.send(b"1")
        waiting = [asyncio.ensure_future(channel.aio.send(b"no")) for _ in range(5)]
        await settle()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await channel.aio.receive() == b"1"
        assert len(channel) == 0

    run(main())


@pytest.mark.parametrize("how", ["channel", "bus"])
def test_closing_wakes_all_who_wait(bus, run, no_look, how):
    channel = bus.channel("a", capacity=1)

    async def main():
        readers = [asyncio.ensure_future(channel.aio.receive()) for _ in range(3)]
        await settle()
        thread = threading.Thread(target=(channel if how == "channel" else bus).close)
        thread.start()
        ends = await asyncio.gather(*readers, return_exceptions=True)
        thread.join()
        expected = ChannelClosed if how == "channel" else EngineClosed
        assert [type(end) for end in ends] == [expected] * 3

    run(main())


def test_loops_in_two_threads_are_both_called(bus, no_look):
    channels = [bus.channel(name) for name in "ab"]
    ready, got = threading.Barrier(3), {}

    async def main(channel):
        task = asyncio.ensure_future(channel.aio.receive())
        await settle()
        ready.wait()
        got[channel.name] = await task

    threads = [threading.Thread(target=asyncio.run, args=(main(channel),)) for channel in channels]
    for thread in threads:
        thread.start()
    ready.wait()
    peer = start("for name in 'ab': bus.channel(name).send(name.encode())", bus)
    end(peer)
    for thread in threads:
        thread.join(LONG)
    assert got == {"a": b"a", "b": b"b"}


def test_a_killed_waiter_takes_nothing_along(bus, run):
    channel = bus.channel("a")
    peer = start(
        """
        async def main():
            task = asyncio.ensure_future(bus.channel("a").aio.receive())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            print("waits", flush=True)
            await task
        asyncio.run(main())
        """,
        bus,
    )
    assert peer.stdout.readline() == "waits\n"
    peer.send_signal(signal.SIGKILL)
    peer.wait()
    with suppress(BrokenPipeError):
        peer.stdin.close()
    peer.stdout.close()

    async def main():
        task = asyncio.ensure_future(channel.aio.receive())
        await settle()
        channel.send(b"1")
        assert await task == b"1"

    run(main())


def test_a_forked_child_has_loops_of_its_own(bus, run):
    channel = bus.channel("a")

    async def main():
        return await channel.aio.receive(timeout=0.001)

    with pytest.raises(TimeoutError):
        run(main())
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            try:
                asyncio.run(main())
            except EngineClosed:
                own = Bus.open(bus.name)
                asyncio.run(own.channel("a").aio.send(b"child"))
                code = 0
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert channel.receive(timeout=LONG) == b"child"


def test_nothing_is_left_registered(bus, run):
    channel = bus.channel("a")

    async def main():
        with pytest.raises(TimeoutError):
            await channel.aio.receive(timeout=0.001)
        calls = next(iter(cogway._channel_wait._calls.values()))
        assert calls.lines == {}
        calls.look_around()
        assert len(cogway._channel_wait._calls) == 0
        assert not asyncio.get_running_loop().remove_reader(calls.descriptor)

    run(main())
