# SPDX-License-Identifier: Apache-2.0
"""Atomics on a shared bus: one word for processes that come, go, and are killed."""

import ctypes
import gc
import os
import signal
import threading
from pathlib import Path

import pytest
from bus_peer import LONG, Peer, until_somebody_waits, word
from cogway import Bus, BusExhausted, EngineClosed, SharedMutex, SharedWordStatistics
from cogway.sync import AtomicBool, AtomicFloat64, AtomicInt64, AtomicUInt64

MIB = 1 << 20
FOLDER = Path("/dev/shm")


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left():
    """A test's bus lives until its fixtures are gone."""
    yield
    gc.collect()
    assert list(FOLDER.glob(f"cogway.pw-{os.getpid()}-*")) == []


@pytest.fixture
def name(request):
    """A name for a bus."""
    return f"pw-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"


@pytest.fixture
def bus(name):
    with Bus.create(name, bytes=MIB) as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "value", "label"),
    [
        (AtomicInt64, -5, "int64"),
        (AtomicUInt64, 2**64 - 1, "uint64"),
        (AtomicFloat64, 2.5, "float64"),
        (AtomicBool, True, "bool"),
    ],
)
def test_each_kind_is_one_word_for_all(bus, kind, value, label):
    first = kind.on_bus(bus, "x", value)
    second = kind.on_bus(bus, name="x", value=0)  # it is there: the value is not set again
    assert first == second
    assert second.get() == value
    second.set(0)
    assert first.get() == 0
    assert word(bus, "x").kind == label
    other = AtomicBool if kind is not AtomicBool else AtomicInt64
    with pytest.raises(ValueError, match=f"is there as {label}"):
        other.on_bus(bus, "x")


def test_two_processes_count_together(bus, name):
    count = AtomicInt64.on_bus(bus, "count", 100)
    code = """
    count = AtomicInt64.on_bus(bus, "count")
    for _ in range(2000):
        count += 1
    """
    peers = [Peer(code, name) for _ in range(2)]
    for peer in peers:
        peer.end()
    assert count == 4100


def test_wait_and_notify_reach_the_other_process(bus, name):
    turn = AtomicInt64.on_bus(bus, "turn")
    peer = Peer(
        """
        turn = AtomicInt64.on_bus(bus, "turn")
        for now in range(0, 20, 2):
            assert turn.wait(now)
            assert turn == now + 1
            turn.set(now + 2)
            turn.notify()
        """,
        name,
    )
    for now in range(1, 20, 2):
        turn.set(now)
        turn.notify()
        assert turn.wait(now, timeout=LONG)
    peer.end()
    assert turn == 20
    told = word(bus, "turn")
    assert isinstance(told, SharedWordStatistics)
    assert told.waiters == 0
    assert told.openers == 1


def test_a_wait_has_a_limit_and_ends_with_the_bus(bus):
    flag = AtomicBool.on_bus(bus, "flag")
    assert flag.wait(True)
    assert not flag.wait(False, timeout=0)
    assert not flag.wait(False, 0.001)
    told = word(bus, "flag")
    assert (told.waits, told.timeouts) == (2, 2)
    assert flag.notify_all() == 0
    failures = []

    def wait():
        with pytest.raises(EngineClosed) as caught:
            flag.wait(False)
        failures.append(caught)

    thread = threading.Thread(target=wait)
    thread.start()
    until_somebody_waits(bus, "flag")
    bus.close()
    thread.join()
    assert len(failures) == 1


def test_a_float_waits_by_its_bits(bus):
    level = AtomicFloat64.on_bus(bus, "level", 0.0)
    assert level.wait(-0.0, timeout=0)
    assert not level.wait(0.0, timeout=0)


def test_a_signal_comes_through_to_who_waits(bus, name):
    AtomicInt64.on_bus(bus, "never")
    peer = Peer(
        """
        def raised(*_):
            raise KeyError("signal")
        signal.signal(signal.SIGUSR1, raised)
        try:
            AtomicInt64.on_bus(bus, "never").wait(0)
        except KeyError:
            print("raised", flush=True)
        """,
        name,
    )
    until_somebody_waits(bus, "never")
    peer.process.send_signal(signal.SIGUSR1)
    assert peer.hear() == "raised"
    peer.end()


def test_what_is_killed_finds_the_value_that_it_left(bus, name):
    code = """
    starts = AtomicInt64.on_bus(bus, "starts")
    starts.incr()
    print(starts.get(), flush=True)
    starts.wait(starts.get())
    """
    for start in (1, 2):
        peer = Peer(code, name)
        assert peer.hear() == str(start)
        until_somebody_waits(bus, "starts")
        peer.kill()
        assert bus.reclaim() == 1
        assert word(bus, "starts").waiters == 0


def test_a_word_is_removed_when_nobody_has_it_open(bus):
    count = AtomicInt64.on_bus(bus, "count", 5)
    with pytest.raises(ValueError, match="in use: process"):
        bus.remove_word("count")
    del count
    gc.collect()
    bus.remove_word("count")
    with pytest.raises(LookupError, match="no word 'count'"):
        bus.remove_word("count")
    assert AtomicInt64.on_bus(bus, "count") == 0


def test_bad_input(bus):
    for wrong in ("", "a b", "x" * 64, "\u00fc"):
        with pytest.raises(ValueError, match="the name of a word"):
            AtomicInt64.on_bus(bus, wrong)
        with pytest.raises(ValueError, match="the name of a word"):
            bus.mutex(wrong)
    with pytest.raises(TypeError, match="must be a str"):
        AtomicInt64.on_bus(bus, 3)
    with pytest.raises(TypeError, match="must be a str"):
        bus.mutex(3)
    with pytest.raises(TypeError, match="a SharedBus is wanted"):
        AtomicInt64.on_bus("bus", "x")
    with pytest.raises(OverflowError):
        AtomicUInt64.on_bus(bus, "x", -1)
    assert bus.statistics().words == ()
    with pytest.raises(NotImplementedError, match="to_thread"):
        AtomicInt64.on_bus(bus, "x").wait_async(0)
    with pytest.raises(TypeError):
        SharedMutex()
    bus.close()
    with pytest.raises(EngineClosed):
        AtomicInt64.on_bus(bus, "y")
    with pytest.raises(EngineClosed):
        bus.mutex("y")
    with pytest.raises(EngineClosed):
        bus.remove_word("x")


def test_there_are_128(bus):
    words = [AtomicInt64.on_bus(bus, f"w{i}", i) for i in range(128)]
    with pytest.raises(BusExhausted, match="remove_word"):
        bus.mutex("more")
    assert [one.get() for one in words] == list(range(128))


def test_native_code_sees_the_word(bus):
    count = AtomicInt64.on_bus(bus, "count", 7)
    native = ctypes.c_int64.from_address(count.address)
    assert native.value == 7
    native.value = 9
    assert count == 9


def test_the_word_outlives_the_object_of_its_bus(name):
    count = AtomicInt64.on_bus(Bus.create(name, bytes=MIB), "count", 1)
    gc.collect()
    count += 1
    assert count == 2
