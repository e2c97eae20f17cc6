# SPDX-License-Identifier: Apache-2.0
"""SharedChannel: messages between processes that come, go, and are killed."""

import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from cogway import (
    Buffer,
    Bus,
    BusExhausted,
    ChannelClosed,
    ChannelEmpty,
    ChannelStatistics,
    CogwayError,
    EngineClosed,
    QueueFull,
    SharedChannel,
)

MIB = 1 << 20
FOLDER = Path("/dev/shm")
LONG = 60


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left():
    """A test's bus lives until its fixtures are gone."""
    yield
    gc.collect()
    assert list(FOLDER.glob(f"cogway.pc-{os.getpid()}-*")) == []


@pytest.fixture
def name(request):
    """A name for a bus."""
    return f"pc-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"


@pytest.fixture
def bus(name):
    with Bus.create(name, bytes=8 * MIB) as made:
        yield made


def start(code, name, *arguments):
    """Another Python process that runs `code` on the bus."""
    head = f"import os, signal, sys\nfrom cogway import *\nbus = Bus.open({name!r})\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)],
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


def test_a_channel_describes_itself(bus):
    channel = bus.channel("jobs.1", capacity=5, policy="fail", kind="spsc", message_bytes=200)
    assert isinstance(channel, SharedChannel)
    assert (channel.name, channel.capacity, channel.policy) == ("jobs.1", 5, "fail")
    assert (channel.kind, channel.message_bytes, channel.closed) == ("spsc", 200, False)
    assert len(channel) == 0
    assert channel
    assert bus.channels() == ["jobs.1"]
    assert repr(channel) == "<cogway.SharedChannel jobs.1, 0 of 5 messages, fail, spsc>"
    plain = bus.channel("plain")
    assert (plain.capacity, plain.policy) == (64, "block")
    assert (plain.kind, plain.message_bytes) == ("mpmc", 120)


@pytest.mark.parametrize("kind", ["mpmc", "spsc"])
def test_bytes_and_buffers_in_their_order(bus, kind):
    channel = bus.channel("c", kind=kind)
    buffer = bus.copy(bytes(range(200)))
    for message in (b"one", bytearray(b"two"), memoryview(b"three"), b"", buffer):
        channel.send(message)
    assert len(channel) == 5
    assert channel.receive() == b"one"
    assert channel.receive(timeout=LONG) == b"two"
    assert channel.receive_nowait() == b"three"
    assert channel.receive() == b""
    got = channel.receive()
    assert isinstance(got, Buffer)
    assert got.state == buffer.state == "frozen"
    assert bytes(got) == bytes(range(200))
    now = channel.statistics()
    assert isinstance(now, ChannelStatistics)
    assert (now.sent, now.received, now.messages, now.bytes) == (5, 5, 0, 0)
    assert now.openers == 1
    with pytest.raises(ChannelEmpty, match="'c' is empty"):
        channel.receive_nowait()


def test_receive_many_takes_what_is_there(bus):
    channel = bus.channel("c", capacity=10)
    for i in range(7):
        channel.send_nowait(bytes([i]))
    assert channel.receive_many(3) == [b"\0", b"\1", b"\2"]
    assert channel.receive_many(100, timeout=LONG) == [b"\3", b"\4", b"\5", b"\6"]
    with pytest.raises(TimeoutError):
        channel.receive_many(1, timeout=0)
    with pytest.raises(ValueError, match="n"):
        channel.receive_many(0)
    channel.send(b"last")
    channel.close()
    assert channel.receive_many(5) == [b"last"]
    with pytest.raises(ChannelClosed):
        channel.receive_many(5)


def test_the_policies(bus):
    block = bus.channel("block", capacity=1)
    block.send(b"a")
    with pytest.raises(QueueFull, match="'block' is full"):
        block.send_nowait(b"b")
    with pytest.raises(TimeoutError, match="nothing moved in channel 'block' in time"):
        block.send(b"b", timeout=0.01)
    fail = bus.channel("fail", capacity=1, policy="fail")
    fail.send(b"a")
    with pytest.raises(QueueFull):
        fail.send(b"b")
    newest = bus.channel("newest", capacity=1, policy="drop_newest")
    oldest = bus.channel("oldest", capacity=1, policy="drop_oldest")
    for channel in (newest, oldest):
        for message in (b"a", b"b", b"c"):
            channel.send(message)
    assert (newest.receive(), oldest.receive()) == (b"a", b"c")
    assert newest.statistics().dropped_newest == 2
    assert oldest.statistics().dropped_oldest == 2
    assert block.statistics().send_timeouts == 1
    assert block.statistics().refused == 1
    assert fail.statistics().refused == 1


def test_bytes_are_bounded(bus):
    channel = bus.channel("c", capacity=100, bytes=10_000)
    for _ in range(3):
        channel.send_nowait(bus.lease(3000))
    with pytest.raises(QueueFull):
        channel.send_nowait(bus.lease(3000))
    assert channel.statistics().bytes == 3 * 3072
    assert channel.statistics().most_bytes == 10_000
    with pytest.raises(ValueError, match="never fits"):
        channel.send(bus.lease(20_000))


def test_what_cannot_be_sent(bus, name):
    channel = bus.channel("c", message_bytes=8)
    with pytest.raises(ValueError, match="copy them into a buffer of the bus"):
        channel.send(b"123456789")
    with pytest.raises(TypeError):
        channel.send("text")
    with pytest.raises(TypeError):
        channel.send()
    with pytest.raises(ValueError, match="not of this bus"):
        channel.send(Bus(MIB).lease(10))
    buffer = bus.lease(100)
    with pytest.raises(BufferError, match="a part of a buffer"):
        channel.send(buffer[:50])
    with memoryview(buffer), pytest.raises(BufferError, match="writable"):
        channel.send(buffer)
    buffer.release()
    with pytest.raises(ValueError, match="released"):
        channel.send(buffer)
    with pytest.raises(ValueError, match="negative"):
        channel.receive(timeout=-1)
    assert len(channel) == 0


def test_options_that_cannot_be(bus):
    for options, error in (
        ({"capacity": 0}, ValueError),
        ({"capacity": 65537}, ValueError),
        ({"capacity": "1"}, TypeError),
        ({"policy": "wait"}, ValueError),
        ({"policy": 3}, TypeError),
        ({"kind": "spmc"}, ValueError),
        ({"bytes": 0}, ValueError),
        ({"message_bytes": 4000}, ValueError),
        ({"capacity": 65536, "message_bytes": 2040}, BusExhausted),
        ({"size": 1}, TypeError),
    ):
        with pytest.raises(error):
            bus.channel("c", **options)
    with pytest.raises(ValueError, match="letters, digits"):
        bus.channel("a b")
    with pytest.raises(TypeError):
        bus.channel(1)
    kept = bus.channel("c", capacity=3)
    assert bus.channel("c").capacity == 3
    with pytest.raises(ValueError, match="another capacity"):
        bus.channel("c", capacity=4)
    with pytest.raises(TypeError):
        SharedChannel()
    del kept
    assert bus.channel("c", capacity=4).capacity == 4
    assert bus.channels() == []


def test_a_closed_channel_is_emptied(bus):
    channel = bus.channel("c")
    channel.send(b"a")
    channel.send(b"b")
    channel.close()
    assert channel.closed
    assert "closed" in repr(channel)
    with pytest.raises(ChannelClosed, match="'c' is closed"):
        channel.send(b"c")
    assert list(channel) == [b"a", b"b"]
    with pytest.raises(ChannelClosed):
        channel.receive(timeout=LONG)


def test_a_closed_bus_closes_its_channels_here(bus, name):
    channel = bus.channel("c")
    with Bus.open(name) as other:
        theirs = other.channel("c")
        bus.close()
        for call in (lambda: channel.send(b"a"), channel.receive, lambda: bus.channel("d")):
            with pytest.raises(EngineClosed, match="closed"):
                call()
        assert not theirs.closed
        theirs.send(b"a")
        assert theirs.receive() == b"a"


def test_a_message_waits_for_whoever_comes(bus, name):
    with Bus.open(name) as other:
        other.channel("c").send(b"hello")
    assert bus.channels() == ["c"]
    assert bus.channel("c").receive() == b"hello"
    assert bus.channels() == []


def test_buffers_go_to_another_process_and_back(bus, name):
    there, back = bus.channel("there", capacity=2), bus.channel("back", capacity=2)
    peer = start(
        """
        back = bus.channel("back")
        for message in bus.channel("there"):
            back.send(message)
        """,
        name,
    )
    for size in range(1, 200_000, 3571):
        made = bus.lease(size)
        memoryview(made)[:] = bytes([size % 251]) * size
        there.send(made, timeout=LONG)
        made.release()
        got = back.receive(timeout=LONG)
        assert bytes(got) == bytes([size % 251]) * size
        got.release()
    there.close()
    end(peer)
    del there, back
    bus.reclaim()
    assert bus.statistics().live_buffers == 0


def test_spsc_is_of_one_process_a_side(bus, name):
    channel = bus.channel("c", kind="spsc")
    channel.send(b"a")
    with Bus.open(name) as other, pytest.raises(CogwayError, match="kind mpmc"):
        other.channel("c").send(b"b")


def test_threads_and_processes_lose_and_double_nothing(bus, name):
    count = 400
    channel = bus.channel("c", capacity=9)
    peers = [
        start(
            f"""
            channel = bus.channel("c")
            for i in range({count}):
                text = f"{{sys.argv[1]}} {{i}}".encode()
                channel.send(text if i % 3 else bus.copy(text), timeout={LONG})
            """,
            name,
            who,
        )
        for who in range(2)
    ]
    got, lock = [], threading.Lock()

    def receive():
        while True:
            try:
                messages = channel.receive_many(5, timeout=LONG)
            except ChannelClosed:
                return
            with lock:
                got.extend(bytes(message).decode() for message in messages)

    threads = [threading.Thread(target=receive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(count):
        channel.send(f"2 {i}".encode(), timeout=LONG)
    for peer in peers:
        end(peer)
    channel.close()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(f"{who} {i}" for who in range(3) for i in range(count))


def test_a_random_model(bus):
    """One process, any calls in any order, held against a list."""
    chance = random.Random(5)
    for round_ in range(30):
        policy = chance.choice(["block", "fail", "drop_oldest", "drop_newest"])
        kind = chance.choice(["mpmc", "spsc"])
        capacity = chance.randrange(1, 9)
        channel = bus.channel("c", capacity=capacity, policy=policy, kind=kind)
        model = []
        for step in range(200):
            if chance.random() < 0.55:
                message = b"%d %d" % (round_, step)
                sent = bus.copy(message) if chance.random() < 0.3 else message
                if len(model) < capacity or policy == "drop_oldest":
                    channel.send_nowait(sent)
                    model = [*model, message][-capacity:]
                elif policy == "drop_newest":
                    channel.send(sent)
                else:
                    with pytest.raises(QueueFull):
                        channel.send_nowait(sent)
            elif chance.random() < 0.5:
                n = chance.randrange(1, 5)
                if model:
                    assert [bytes(m) for m in channel.receive_many(n)] == model[:n]
                    del model[:n]
            elif model:
                assert bytes(channel.receive(timeout=0)) == model.pop(0)
            else:
                with pytest.raises(ChannelEmpty):
                    channel.receive_nowait()
            assert len(channel) == len(model)
        channel.close()
        assert [bytes(message) for message in channel] == model
        del channel
    assert bus.statistics().live_buffers == 0


VICTIM = """
    there, back = bus.channel("there"), bus.channel("back")
    other, stop = bus.channel("other", capacity=3, policy="drop_oldest"), int(sys.argv[1])
    print("ready", flush=True)
    i = 0
    while True:
        message = there.receive()
        back.send(message)
        other.send(bus.copy(b"x" * 5000))
        i += 1
        if i == stop:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_python_process_costs_at_most_its_last_step(bus, name):
    there, back = bus.channel("there"), bus.channel("back")
    other = bus.channel("other", capacity=3, policy="drop_oldest")
    base = bus.statistics().used_bytes
    for how in range(1, 9):
        peer = start(VICTIM, name, how if how % 2 else -1)
        assert peer.stdout.readline() == "ready\n"
        for i in range(20):
            message = b"%d" % i
            there.send(message if i % 2 else bus.copy(message * 1000))
        got = []
        if how % 2 == 0:
            # From outside, wherever it is just now.
            while len(got) < how:
                got.append(back.receive(timeout=LONG))
            peer.kill()
        assert peer.wait(timeout=LONG) == -signal.SIGKILL
        peer.stdin.close()
        peer.stdout.close()
        bus.reclaim()
        for channel in (back, there):
            while len(channel):
                got.append(channel.receive(timeout=LONG))
        numbers = [int(bytes(message)[:2]) if len(message) < 4 else None for message in got]
        odd = [number for number in numbers if number is not None]
        assert odd == sorted(set(odd))
        assert 19 <= len(got) <= 20
        while len(other):
            assert bytes(other.receive(timeout=LONG)) == b"x" * 5000
        got.clear()
        message = None
        gc.collect()
        bus.reclaim()
        assert bus.statistics().used_bytes == base


def test_a_wait_ends_when_the_one_it_waits_for_is_killed(bus, name):
    """An spsc channel whose receiver dies is the next one's."""
    channel = bus.channel("c", kind="spsc", capacity=2)
    peer = start(
        """
        channel = bus.channel("c")
        print(channel.receive(), flush=True)
        sys.stdin.read()
        """,
        name,
    )
    channel.send(b"a", timeout=LONG)
    assert peer.stdout.readline() == "b'a'\n"
    with pytest.raises(CogwayError, match="another process"):
        channel.receive_nowait()
    peer.kill()
    peer.wait()
    peer.stdin.close()
    peer.stdout.close()
    bus.reclaim()
    channel.send(b"b")
    assert channel.receive() == b"b"


@pytest.mark.parametrize("call", ["channel.receive()", "channel.send(b'b')"])
def test_a_signal_handler_ends_a_wait(script, call):
    result = script(f"""
        import os, signal, threading
        from cogway import Bus
        def interrupt(*_):
            raise InterruptedError
        signal.signal(signal.SIGUSR1, interrupt)
        bus = Bus.create(None, bytes=1 << 20)
        channel = bus.channel("c", capacity=1)
        if "send" in {call!r}:
            channel.send(b"a")
        def poke():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        timer = threading.Timer(0.1, poke)
        timer.start()
        try:
            {call}
        except InterruptedError:
            print("interrupted")
        timer.join()
        assert len(channel) == ("send" in {call!r})
    """)
    assert result.stdout == "interrupted\n"


def test_a_forked_child_opens_it_again(script, name):
    result = script(f"""
        import os, warnings
        from cogway import Bus, EngineClosed
        warnings.simplefilter("ignore", DeprecationWarning)
        bus = Bus.create({name!r}, bytes=1 << 20)
        channel = bus.channel("c")
        pid = os.fork()
        if pid == 0:
            for call in (channel.receive, lambda: channel.send(b"a")):
                try:
                    call()
                except EngineClosed as error:
                    assert "parent" in str(error)
            own = Bus.open({name!r})
            own.channel("c").send(b"child")
            del channel, bus
            raise SystemExit(0)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        print(channel.receive(timeout=60))
    """)
    assert result.stdout == "b'child'\n"


def test_no_noise_at_exit(script):
    result = script("""
        from cogway import Bus
        bus = Bus.create(None, bytes=1 << 20)
        channel = bus.channel("c")
        channel.send(bus.copy(b"abc"))
        kept = memoryview(channel.receive())
        channel.send(bus.lease(1000))
        print(bytes(kept))
    """)
    assert result.stdout == "b'abc'\n"
    assert result.stderr == ""
