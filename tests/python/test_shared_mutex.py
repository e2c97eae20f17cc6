# SPDX-License-Identifier: Apache-2.0
"""SharedMutex: a lock between processes that are killed with it."""

import asyncio
import gc
import os
import signal
import threading
from pathlib import Path

import pytest
from bus_peer import LONG, Peer, until_somebody_waits, word
from cogway import Bus, OwnerDied
from cogway.cli import main
from cogway.sync import AtomicInt64

MIB = 1 << 20
FOLDER = Path("/dev/shm")


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left():
    """A test's bus lives until its fixtures are gone."""
    yield
    gc.collect()
    assert list(FOLDER.glob(f"cogway.pm-{os.getpid()}-*")) == []


@pytest.fixture
def name(request):
    """A name for a bus."""
    return f"pm-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"


@pytest.fixture
def bus(name):
    with Bus.create(name, bytes=MIB) as made:
        yield made


def test_a_mutex_describes_itself(bus):
    mutex = bus.mutex("lock")
    assert (mutex.name, mutex.inconsistent, mutex.locked()) == ("lock", False, False)
    assert repr(mutex) == "<cogway.SharedMutex lock, free>"
    with mutex as entered:
        assert entered is True
        assert mutex.locked()
        assert bus.mutex("lock").locked()
        assert repr(mutex) == "<cogway.SharedMutex lock, held>"
    assert not mutex.locked()


def test_a_mutex_excludes_processes(bus, name):
    mutex = bus.mutex("lock")
    count = AtomicInt64.on_bus(bus, "count")
    code = """
    mutex, count = bus.mutex("lock"), AtomicInt64.on_bus(bus, "count")
    for _ in range(500):
        with mutex:
            count.set(count.get() + 1)
    """
    peers = [Peer(code, name) for _ in range(2)]
    for _ in range(500):
        with mutex:
            count.set(count.get() + 1)
    for peer in peers:
        peer.end()
    assert count == 1500


def test_misuse_raises(bus):
    mutex = bus.mutex("lock")
    with pytest.raises(RuntimeError, match="does not have"):
        mutex.release()
    assert mutex.acquire()
    again = bus.mutex("lock")  # the same lock
    with pytest.raises(RuntimeError, match="not recursive"):
        again.acquire()
    results = []

    def other():
        results.append(mutex.acquire(blocking=False))
        results.append(mutex.acquire(timeout=0.001))
        with pytest.raises(RuntimeError, match="does not have"):
            mutex.release()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert results == [False, False]
    again.release()
    assert mutex.acquire(timeout=5)
    mutex.release()
    with pytest.raises(ValueError, match="is there as mutex"):
        AtomicInt64.on_bus(bus, "lock")


def killed_with(name, code="bus.mutex('lock').acquire()"):
    peer = Peer(f"{code}\ndie()", name)
    peer.end(-signal.SIGKILL)


def test_nobody_enters_unaware_after_an_owner_was_killed(bus, name):
    mutex = bus.mutex("lock")
    killed_with(name)
    for _ in range(2):
        with pytest.raises(OwnerDied, match="half changed"), mutex:
            pass
    assert mutex.inconsistent
    assert "inconsistent" in repr(mutex)
    calls = []
    assert mutex.repair(lambda: calls.append(mutex.locked()))
    assert calls == [True]
    assert not mutex.inconsistent
    assert not mutex.repair(lambda: calls.append(1))
    with mutex:
        pass
    assert calls == [True]
    told = word(bus, "lock")
    assert (told.kind, told.abandoned, told.inconsistent) == ("mutex", 1, False)


def test_the_command_tells_of_words(bus, name, capsys):
    AtomicInt64.on_bus(bus, "count", 3)
    killed_with(name)
    bus.reclaim()
    with pytest.raises(OwnerDied):
        bus.mutex("lock").acquire()
    assert main(["bus", "diagnose", name]) == 1
    assert "a process ended with mutex 'lock'" in capsys.readouterr().out
    assert main(["bus", "stats", name]) == 0
    assert "name=count  kind=int64" in capsys.readouterr().out


def test_a_repair_that_fails_or_is_killed_is_the_next_ones(bus, name):
    mutex = bus.mutex("lock")
    killed_with(name)
    with pytest.raises(ZeroDivisionError):
        mutex.repair(lambda: 1 / 0)
    assert not mutex.locked()
    with pytest.raises(OwnerDied):
        mutex.acquire()
    killed_with(name, "bus.mutex('lock').repair(die)")
    with pytest.raises(OwnerDied):
        mutex.acquire()
    assert mutex.repair(lambda: None)
    assert word(bus, "lock").abandoned == 2


def test_a_repair_has_a_limit(bus):
    mutex = bus.mutex("lock")
    with mutex:
        failures = []

        def other():
            with pytest.raises(TimeoutError):
                mutex.repair(lambda: None, timeout=0.001)
            failures.append(1)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert failures == [1]


def test_who_waits_is_woken_by_the_death_of_the_owner(bus, name):
    mutex = bus.mutex("lock")
    peer = Peer(
        """
        bus.mutex("lock").acquire()
        print("locked", flush=True)
        sys.stdin.read()
        """,
        name,
    )
    assert peer.hear() == "locked"
    outcome = []

    def wait():
        with pytest.raises(OwnerDied):
            mutex.acquire(timeout=LONG)
        outcome.append(1)

    thread = threading.Thread(target=wait)
    thread.start()
    until_somebody_waits(bus, "lock")
    peer.kill()
    thread.join()
    assert outcome == [1]


def test_a_thread_that_ends_with_it_counts_as_dead(bus):
    mutex = bus.mutex("lock")
    thread = threading.Thread(target=mutex.acquire)
    thread.start()
    thread.join()
    with pytest.raises(OwnerDied):
        mutex.acquire()


def test_tasks_take_it_in_threads(bus):
    mutex = bus.mutex("lock")

    def work():
        with mutex:
            return mutex.locked()

    async def main():
        return await asyncio.gather(*(asyncio.to_thread(work) for _ in range(4)))

    assert asyncio.run(main()) == [True] * 4


def test_a_forked_child_does_nothing(bus, name):
    peer = Peer(
        """
        mutex, count = bus.mutex("lock"), AtomicInt64.on_bus(bus, "count")
        mutex.acquire()
        child = os.fork()
        if child == 0:
            from cogway import EngineClosed
            refused = 0
            for call in (mutex.acquire, lambda: count.wait(0)):
                try:
                    call()
                except EngineClosed:
                    refused += 1
            try:
                mutex.release()
            except RuntimeError:
                refused += 1
            os._exit(refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        mutex.release()
        """,
        name,
    )
    peer.end()
    with bus.mutex("lock"):
        pass


def test_a_mutex_that_is_dropped_while_it_is_held(name):
    """Its memory stays mapped as long as the thread has it."""
    code = """
    made = Bus.create(sys.argv[1] + "-own", bytes=1 << 20)
    made.mutex("lock").acquire()
    made.close()
    del made
    import gc, threading
    gc.collect()
    lock = Bus.create(sys.argv[1] + "-other", bytes=1 << 20).mutex("lock")
    for _ in range(3):
        with lock:
            pass
    print("fine", flush=True)
    """
    with Bus.create(name, bytes=MIB):
        peer = Peer(code, name)
        assert peer.hear() == "fine"
        peer.end()
        Bus.remove(name + "-own")
