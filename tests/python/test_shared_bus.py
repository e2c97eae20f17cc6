# SPDX-License-Identifier: Apache-2.0
"""SharedBus: processes that create, open, share, and are killed."""

import array
import gc
import os
import signal
import socket
import stat
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
    EngineClosed,
    SharedBus,
    SharedBusOwner,
    SharedBusStatistics,
)

MIB = 1 << 20
FOLDER = Path("/dev/shm")


@pytest.fixture
def name(request):
    """A name for a bus; nothing of that name is left after the test."""
    made = f"py-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"
    yield made
    gc.collect()
    assert list(FOLDER.glob(f"cogway.{made}.*")) == []


class Peer:
    """Another Python process that runs `code` with NAME defined, and talks in lines."""

    def __init__(self, code, name, **options):
        head = f"import sys, cogway\nfrom cogway import Bus\nNAME = {name!r}\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", head + textwrap.dedent(code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def say(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def hear(self):
        return self.process.stdout.readline().split()

    def handle(self):
        return tuple(map(int, self.hear()))

    def kill(self):
        self.process.kill()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.wait(timeout=60) == 0:
            assert self.process.stdout.read() == ""
        self.process.stdout.close()


def test_a_bus_describes_itself(name):
    with Bus.create(name, bytes=8 * MIB) as bus:
        assert isinstance(bus, SharedBus)
        assert bus.name == name
        assert bus.capacity == 8 * MIB
        assert bus.closed is False
        assert bus.linked is True
        assert len(bus.id) == 32
        assert repr(bus) == f"<cogway.SharedBus {name}, 8388608 bytes, participant 0>"
        (path,) = FOLDER.glob(f"cogway.{name}.bus")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bus.closed is True
    assert "closed" in repr(bus)


def test_two_objects_of_one_process_share(name):
    with Bus.create(name, bytes=8 * MIB) as one, Bus.open(name) as two:
        assert one.id == two.id
        assert one.participant != two.participant
        values = one.copy(array.array("d", range(100)))
        assert values.state == "leased"
        assert values.external is False
        handle = one.hand_over(values)
        assert values.state == "frozen"
        seen = two.attach(handle)
        assert isinstance(seen, Buffer)
        assert seen.dtype == "float64"
        assert seen.readonly
        assert memoryview(seen).tolist() == list(range(100))
        with pytest.raises(BufferError, match="other processes may read it"):
            seen.transfer()
        values.release()
        assert seen[99].item() == 99.0


def test_statistics_name_the_owners(name):
    with Bus.create(name, bytes=8 * MIB) as one, Bus.open(name) as two:
        kept = one.lease(5000)
        given = one.lease(100)
        seen = two.attach(one.hand_over(given))
        now = one.statistics()
        assert isinstance(now, SharedBusStatistics)
        assert now.capacity == 8 * MIB
        assert now.leased_bytes == 5120
        assert now.frozen_bytes == 256
        assert now.used_bytes == 5376
        assert now.free_bytes == 8 * MIB - 5376
        assert now.live_buffers == 2
        assert now.in_transit == 1
        mine, other = now.owners
        assert isinstance(mine, SharedBusOwner)
        assert mine.self
        assert not other.self
        assert mine.pid == other.pid == os.getpid()
        assert (mine.leased_bytes, mine.frozen_bytes, mine.buffers) == (5120, 256, 2)
        assert (other.leased_bytes, other.frozen_bytes, other.buffers) == (0, 256, 1)
        assert mine.alive
        assert one.reclaim() == 0
        assert one.statistics().in_transit == 0
        del kept, given, seen
        assert one.statistics().live_buffers == 0
        assert one.statistics().leases == 2
        assert one.trim() > 0


def test_another_process_reads_and_answers_without_a_copy(name):
    with Bus.create(name, bytes=8 * MIB) as bus:
        code = """
            bus = Bus.open(NAME)
            for line in sys.stdin:
                seen = bus.attach(tuple(map(int, line.split())))
                answer = bus.lease(seen.shape, seen.dtype)
                with memoryview(answer) as out, memoryview(seen) as values:
                    for i, value in enumerate(values):
                        out[i] = 2 * value
                print(*bus.hand_over(answer), flush=True)
        """
        with Peer(code, name) as peer:
            for size in (1, 10, 1000):
                peer.say(*bus.hand_over(bus.copy(array.array("q", range(size)))))
                answer = bus.attach(peer.handle())
                assert memoryview(answer).tolist() == [2 * i for i in range(size)]
        assert len(bus.statistics().owners) == 1
        assert bus.statistics().deaths == 0


def test_a_killed_process_gives_everything_back(name):
    with Bus.create(name, bytes=8 * MIB) as bus:
        code = """
            bus = Bus.open(NAME)
            held = [bus.lease(MIB) for MIB in [1 << 20] * 6]
            frozen = bus.copy(b"kept by the survivor")
            print(*bus.hand_over(frozen), flush=True)
            sys.stdin.read()
        """
        with Peer(code, name) as peer:
            seen = bus.attach(peer.handle())
            assert bus.statistics().leased_bytes == 6 * MIB
            with pytest.raises(BusExhausted, match="who holds them"):
                bus.lease(4 * MIB)
            assert peer.kill() == -signal.SIGKILL
            dead = next(owner for owner in bus.statistics().owners if not owner.self)
            assert not dead.alive
            assert dead.pid == peer.process.pid
            large = bus.lease(6 * MIB)  # looks for the dead by itself
        now = bus.statistics()
        assert (now.deaths, now.reclaimed_buffers) == (1, 7)
        assert bytes(seen) == b"kept by the survivor"
        assert now.leased_bytes == large.nbytes
        assert len(now.owners) == 1


def test_a_waiting_lease_gets_what_a_killed_process_held(name):
    with Bus.create(name, bytes=MIB) as bus:
        code = """
            bus = Bus.open(NAME)
            held = bus.lease(1 << 20)
            print("full", flush=True)
            sys.stdin.read()
        """
        with Peer(code, name) as peer:
            assert peer.hear() == ["full"]
            with pytest.raises(TimeoutError, match="no room"):
                bus.lease(100, timeout=0)
            leased = []
            waiter = threading.Thread(target=lambda: leased.append(bus.lease(100, policy="wait")))
            waiter.start()
            while not any(owner.waiting for owner in bus.statistics().owners):
                os.sched_yield()
            peer.kill()
            waiter.join()
            assert leased[0].nbytes == 100


def test_handles_that_name_nothing(name):
    with Bus.create(name, bytes=MIB) as bus:
        buffer = bus.lease(10)
        handle = bus.hand_over(buffer)
        assert bus.attach(handle).state == "frozen"
        bus.reclaim()
        buffer.release()
        with pytest.raises(LookupError, match="gone"):
            bus.attach(handle)
        for wrong in [(200, 0, 1), (5, 2**31, 1)]:
            with pytest.raises(ValueError, match="no handle"):
                bus.attach(wrong)
        for wrong in [(1, 2), [1, 2, 3], "abc", None]:
            with pytest.raises(TypeError, match="three int"):
                bus.attach(wrong)
        with pytest.raises(TypeError):
            bus.attach((1, "2", 3))
        with pytest.raises(ValueError, match="must be between"):
            bus.attach((1, 2, -3))


def test_what_cannot_be_handed_over(name):
    with Bus.create(name, bytes=MIB) as bus:
        with pytest.raises(ValueError, match="not of this bus"):
            bus.hand_over(Bus(MIB).lease(10))
        with pytest.raises(ValueError, match="not of this bus"):
            bus.hand_over(Buffer.from_buffer(b"abc"))
        with pytest.raises(TypeError, match="a Buffer is wanted"):
            bus.hand_over(b"abc")
        buffer = bus.lease(10)
        with pytest.raises(BufferError, match="a part of a buffer"):
            bus.hand_over(buffer[2:])
        with memoryview(buffer), pytest.raises(BufferError, match="writable view"):
            bus.hand_over(buffer)
        assert len(bus.hand_over(buffer)) == 3
        buffer.release()
        with pytest.raises(ValueError, match="released"):
            bus.hand_over(buffer)


def test_opening_what_is_not_there_or_not_a_bus(name):
    with pytest.raises(FileNotFoundError, match="there is no bus"):
        Bus.open(name)
    with pytest.raises(ValueError, match="letters, digits"):
        Bus.open("a/b")
    with pytest.raises(TypeError, match="must be a str"):
        Bus.open(3)
    with pytest.raises(ValueError, match="must be between"):
        Bus.create(name, bytes=1000)
    with pytest.raises(TypeError):
        Bus.create(name)
    path = FOLDER / f"cogway.{name}.bus"
    path.touch(0o600)
    path.write_bytes(b"garbage " * 100_000)
    with pytest.raises(ValueError, match="not a bus of cogway"):
        Bus.open(name)
    with pytest.raises(FileExistsError, match="not a bus of cogway"):
        Bus.create(name, bytes=MIB)
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="0600"):
        Bus.open(name)
    path.unlink()
    with Bus.create(name, bytes=MIB), pytest.raises(FileExistsError, match="takes part"):
        Bus.create(name, bytes=MIB)


def test_a_closed_bus_refuses(name):
    bus = Bus.create(name, bytes=MIB)
    buffer = bus.copy(b"outlives it")
    bus.close()
    for call in (
        lambda: bus.lease(1),
        lambda: bus.lease(1, timeout=5),
        lambda: bus.copy(b"a"),
        lambda: bus.attach((5, 0, 1)),
    ):
        with pytest.raises(EngineClosed, match="closed"):
            call()
    handle = bus.hand_over(buffer)
    assert bytes(buffer) == b"outlives it"
    bus = None
    assert bytes(Bus.open(name).attach(handle)) == b"outlives it"
    assert Bus.open(name).statistics().owners[0].buffers == 1


def test_a_bus_without_a_name_travels_over_a_socket():
    ours, theirs = socket.socketpair()
    with ours, Bus.create(None, bytes=MIB) as bus:
        assert bus.name is None
        assert bus.linked is False
        assert "without a name" in repr(bus)
        code = f"""
            import socket
            bus = Bus.receive(socket.socket(fileno={theirs.fileno()}))
            print(*bus.hand_over(bus.copy(b"hello")), flush=True)
            sys.stdin.read()
        """
        with Peer(code, "", pass_fds=[theirs.fileno()]) as peer:
            theirs.close()
            bus.send(ours)
            assert bytes(bus.attach(peer.handle())) == b"hello"
        ours.shutdown(socket.SHUT_RD)
        with pytest.raises(ValueError, match="handed over no bus"):
            Bus.receive(ours)


def test_a_bus_with_a_name_is_not_sent(name):
    ours, theirs = socket.socketpair()
    with (
        ours,
        theirs,
        Bus.create(name, bytes=MIB) as bus,
        pytest.raises(BufferError, match="opened by its name"),
    ):
        bus.send(ours)


def test_kernels_take_buffers_of_a_shared_bus(name, engine):
    with Bus.create(name, bytes=MIB) as bus:
        buffer = bus.copy(b"through a kernel").freeze()
        assert bytes(engine.c_spawn("core.copy", buffer).result()) == b"through a kernel"


def test_a_signal_handler_ends_a_wait(script):
    result = script("""
        import os, signal, threading
        from cogway import Bus
        def interrupt(*_):
            raise InterruptedError
        signal.signal(signal.SIGUSR1, interrupt)
        bus = Bus.create(None, bytes=1 << 20)
        held = bus.lease(1 << 20)
        def poke():
            while not bus.statistics().owners[0].waiting:
                os.sched_yield()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        threading.Thread(target=poke).start()
        try:
            bus.lease(1, policy="wait")
        except InterruptedError:
            print("interrupted")
    """)
    assert result.stdout == "interrupted\n"


def test_a_forked_child_opens_it_again(script, name):
    result = script(f"""
        import os, warnings
        from cogway import Bus, EngineClosed
        warnings.simplefilter("ignore", DeprecationWarning)
        bus = Bus.create({name!r}, bytes=1 << 20)
        buffer = bus.copy(b"before")
        handle = bus.hand_over(buffer)
        pid = os.fork()
        if pid == 0:
            assert bus.closed
            try:
                bus.lease(1)
            except EngineClosed as error:
                assert "parent" in str(error)
            own = Bus.open({name!r})
            assert bytes(own.attach(handle)) == b"before"
            del buffer, bus
            print("child", flush=True)
            raise SystemExit(0)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert bus.reclaim() in (0, 1)
        assert bus.statistics().live_buffers == 1
        print("parent")
    """)
    assert result.stdout == "child\nparent\n"


def test_threads_lease_share_and_attach(name):
    failures = []

    def work(bus, other, seed):
        try:
            for i in range(200):
                size = 1 + (seed * 7919 + i * 104729) % 5000
                made = bus.copy(bytes([seed]) * size)
                seen = other.attach(bus.hand_over(made))
                made.release()
                if bytes(seen) != bytes([seed]) * size:
                    failures.append((seed, i))
        except Exception as error:
            failures.append(error)

    with Bus.create(name, bytes=8 * MIB) as bus, Bus.open(name) as other:
        threads = [threading.Thread(target=work, args=(bus, other, seed)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        bus.reclaim()
        assert bus.statistics().live_buffers == 0
