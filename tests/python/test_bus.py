# SPDX-License-Identifier: Apache-2.0
"""Bus: leases, waiting, keyed slots, pools and numbers."""

import dataclasses
import gc
import os
import signal
import threading
import weakref

import pytest
from cogway import Buffer, Bus, BusExhausted, BusStatistics, EngineClosed

CAPACITY = 1 << 20


@pytest.fixture
def bus():
    return Bus(CAPACITY)


def wait_for_waiter(bus):
    while not bus.statistics().waiting:
        os.sched_yield()


def test_a_bus_describes_itself(bus):
    assert bus.capacity == CAPACITY
    assert bus.used == 0
    assert bus.closed is False
    assert repr(bus) == "<cogway.Bus, 0 of 1048576 bytes in use>"
    assert Bus(capacity=CAPACITY, huge_pages=False).capacity == CAPACITY


@pytest.mark.parametrize("capacity", [0, -1, 1 << 10, 1 << 60, 1 << 90])
def test_capacities_out_of_range(capacity):
    with pytest.raises(ValueError, match="capacity must be between"):
        Bus(capacity)


def test_wrong_arguments():
    with pytest.raises(TypeError):
        Bus()
    with pytest.raises(TypeError, match="capacity must be an int"):
        Bus("big")
    with pytest.raises(TypeError, match="huge_pages"):
        Bus(CAPACITY, huge_pages=1)
    with pytest.raises(TypeError):
        Bus(CAPACITY, True)


def test_shapes_and_dtypes(bus):
    assert bus.lease(5).shape == (5,)
    assert bus.lease([2, 3]).shape == (2, 3)
    assert bus.lease(()).shape == ()
    assert bus.lease(shape=(2,), dtype="half").dtype == "float16"
    assert bus.lease(2, float).dtype == "float64"
    assert bus.lease(2, int).dtype == "int64"
    assert bus.lease(2, bool).dtype == "bool"


def test_dtypes_of_numpy(bus):
    np = pytest.importorskip("numpy")
    for dtype in (np.float32, np.dtype("float32"), np.dtype("<f4"), "numpy.float32"):
        assert bus.lease(2, dtype).dtype == "float32"
    assert bus.lease(2, np.bool_).dtype == "bool"
    with pytest.raises(ValueError, match="not a dtype of the bus"):
        bus.lease(2, np.dtype("datetime64[s]"))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((-1,), ValueError),
        (((1,) * 9,), ValueError),
        ((2**70,), OverflowError),
        (("ab",), TypeError),
        ((1.5,), TypeError),
        ((None,), TypeError),
        (((2**40, 2**40),), ValueError),
        ((1, "float128"), ValueError),
        ((1, None), ValueError),
        ((), TypeError),
        ((1, "uint8", 3), TypeError),
    ],
)
def test_bad_leases(bus, arguments, error):
    with pytest.raises(error):
        bus.lease(*arguments)
    assert bus.used == 0


def test_a_full_bus_fails_by_default(bus):
    held = bus.lease(CAPACITY)
    with pytest.raises(BusExhausted, match=r"no room for float32\[3\] \(64 bytes\)"):
        bus.lease(3, "float32")
    with pytest.raises(BusExhausted):
        bus.lease(1, policy="fail")
    with pytest.raises(BusExhausted):
        bus.copy(b"x")
    held.release()
    assert bus.lease(CAPACITY).nbytes == CAPACITY


def test_what_can_never_fit_is_refused_even_when_waiting(bus):
    with pytest.raises(BusExhausted, match="larger capacity"):
        bus.lease(CAPACITY + 1, policy="wait")


@pytest.mark.parametrize("timeout", [0, 0.0, 1e-9])
def test_a_wait_times_out(bus, timeout):
    held = bus.lease(CAPACITY)
    with pytest.raises(TimeoutError, match="no room"):
        bus.lease(1, timeout=timeout)
    assert bus.statistics().wait_timeouts == 1
    held.release()


def test_wrong_policies(bus):
    with pytest.raises(ValueError, match="policy"):
        bus.lease(1, policy="drop")
    with pytest.raises(ValueError, match="does not wait"):
        bus.lease(1, policy="fail", timeout=1)
    with pytest.raises(ValueError, match="timeout"):
        bus.lease(1, timeout=-1)
    with pytest.raises(TypeError, match="timeout"):
        bus.lease(1, timeout="soon")


def test_a_wait_ends_when_another_thread_releases(bus):
    held = bus.lease(CAPACITY)
    got = []
    thread = threading.Thread(target=lambda: got.append(bus.lease(CAPACITY, policy="wait")))
    thread.start()
    wait_for_waiter(bus)
    held.release()
    thread.join()
    assert got[0].nbytes == CAPACITY
    assert bus.statistics().waits == 1
    assert bus.statistics().waiting == 0


def test_close_ends_waits_and_refuses_leases(bus):
    held = bus.lease(CAPACITY)
    errors = []

    def wait():
        try:
            bus.lease(1, timeout=1000)
        except EngineClosed as error:
            errors.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    wait_for_waiter(bus)
    bus.close()
    thread.join()
    assert errors == ["the bus is closed"]
    assert bus.closed
    assert repr(bus).startswith("<cogway.Bus closed,")
    with pytest.raises(EngineClosed):
        bus.lease(1)
    assert held.state == "leased"
    bus.close()


def test_a_signal_handler_may_end_a_wait(bus):
    class Stop(Exception):
        pass

    def handler(number, frame):
        raise Stop

    held = bus.lease(CAPACITY)
    before = signal.signal(signal.SIGUSR1, handler)
    main = threading.get_ident()

    def interrupt():
        wait_for_waiter(bus)
        signal.pthread_kill(main, signal.SIGUSR1)

    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        with pytest.raises(Stop):
            bus.lease(1, policy="wait")
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    assert bus.statistics().waiting == 0
    held.release()


def test_push_puts_only_when_absent(bus):
    assert bus.push("key", b"first") is True
    assert bus.push("key", b"second") is False
    assert "key" in bus
    assert bus.keys() == ["key"]
    assert bus.snapshot("key").tobytes() == b"first"
    assert bus.version("key") == 1
    assert bus.version("other") == 0
    assert bus.statistics().keys == 1


def test_push_of_a_buffer_freezes_and_shares_it(bus):
    buffer = bus.copy(b"shared")
    view = memoryview(buffer)
    with pytest.raises(BufferError, match="writable view"):
        bus.push("key", buffer)
    assert "key" not in bus
    view.release()
    assert bus.push("key", buffer)
    assert buffer.state == "frozen"
    assert bus.statistics().live_buffers == 1
    del buffer
    assert bus.snapshot("key").tobytes() == b"shared"


def test_refused_push_leaves_the_buffer_writable(bus):
    bus.push("key", b"first")
    buffer = bus.lease(4)
    assert bus.push("key", buffer) is False
    assert buffer.state == "leased"


def test_snapshots_are_not_destructive_and_outlive_the_slot(bus):
    bus.push("key", b"value")
    first, second = bus.snapshot("key"), bus.snapshot("key")
    assert first.state == "frozen"
    assert bus.pop("key").tobytes() == b"value"
    assert "key" not in bus
    assert first.tobytes() == second.tobytes() == b"value"
    assert bus.push("key", b"other")
    assert first.tobytes() == b"value"
    assert bus.version("key") > 1


def test_missing_keys(bus):
    for read in (bus.snapshot, bus.pop):
        with pytest.raises(KeyError, match="gone"):
            read("gone")
        assert read("gone", None) is None
        with pytest.raises(TypeError):
            read("gone", 1, 2)
        with pytest.raises(TypeError, match="key is a str"):
            read(b"gone")
    with pytest.raises(TypeError, match="key is a str"):
        _ = 3 in bus


def test_what_cannot_be_pushed(bus):
    with pytest.raises(ValueError, match="1 to 255"):
        bus.push("", b"")
    with pytest.raises(ValueError, match="1 to 255"):
        bus.push("k" * 256, b"")
    with pytest.raises(TypeError, match="buffer protocol or __dlpack__"):
        bus.push("key", 5)
    with pytest.raises(TypeError):
        bus.push("key")
    with pytest.raises(ValueError, match="part of a buffer"):
        bus.push("key", bus.lease(4)[1:])
    with pytest.raises(ValueError, match="not of this bus"):
        bus.push("key", Bus(CAPACITY).lease(4))
    with pytest.raises(BufferError, match="transferred"):
        bus.push("key", bus.lease(4).transfer())
    assert bus.keys() == []
    assert bus.push("ключ", b"text")
    assert bus.keys() == ["ключ"]


def test_copy_takes_any_memory(bus):
    assert bus.copy(b"abc").tobytes() == b"abc"
    assert bus.copy(bytearray()).nbytes == 0
    part = bus.copy(bus.copy(b"abcdef")[::2])
    assert part.tobytes() == b"ace"
    assert part.strides == (1,)
    big = bytes(CAPACITY // 2 - 3) + b"end"
    assert Bus(4 * CAPACITY).copy(big * 4).tobytes() == big * 4
    with pytest.raises(TypeError):
        bus.copy("text")
    assert bus.copy(Buffer.from_buffer(b"lent")).tobytes() == b"lent"


def test_warm_and_trim(bus):
    assert bus.warm(100_000, 3) == 3
    assert bus.warm(nbytes=CAPACITY // 2, count=9) == 2
    misses = bus.statistics().pool_misses
    held = [bus.lease(CAPACITY // 2) for _ in range(2)]
    assert bus.statistics().pool_misses == misses
    del held
    assert bus.trim() >= CAPACITY
    assert bus.statistics().resident_bytes == 0
    with pytest.raises(ValueError, match="nbytes"):
        bus.warm(-1)


def test_statistics_are_a_frozen_snapshot(bus):
    held = bus.lease(100).freeze()
    now = bus.statistics()
    assert isinstance(now, BusStatistics)
    assert (now.frozen_bytes, now.frozen_buffers, now.leases) == (128, 1, 1)
    assert now.used_bytes + now.free_bytes == now.capacity == CAPACITY
    with pytest.raises(dataclasses.FrozenInstanceError):
        now.leases = 0
    held.release()
    assert now.live_buffers == 1
    assert bus.statistics().live_buffers == 0
    assert bus.statistics().peak_used_bytes == 128


def test_weak_references_and_collection():
    bus = Bus(CAPACITY)
    bus.push("key", b"value")
    reference = weakref.ref(bus)
    del bus
    gc.collect()
    assert reference() is None


def test_memory_stays_flat_over_many_leases(bus):
    for i in range(2000):
        with bus.lease(1 + i * 37 % 5000) as buffer:
            memoryview(buffer)[0] = 1
    now = bus.statistics()
    assert now.leases == 2000
    assert now.resident_bytes < CAPACITY
    assert now.pool_misses < 100


def test_buses_come_and_go_without_leaking_descriptors():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        Bus(CAPACITY).lease(10)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
