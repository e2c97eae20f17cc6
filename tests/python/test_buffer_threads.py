# SPDX-License-Identifier: Apache-2.0
"""Buffers under threads, forks and the garbage collector."""

import contextlib
import gc
import os
import threading

import pytest
from cogway import Buffer, Bus, BusExhausted

CAPACITY = 1 << 20


def run_together(count, body):
    barrier = threading.Barrier(count)
    errors = []

    def run(number):
        try:
            barrier.wait()
            body(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_lease_write_and_release():
    bus = Bus(CAPACITY)

    def body(number):
        for i in range(300):
            with bus.lease(1 + (i * 97) % 4000) as buffer:
                with memoryview(buffer) as view:
                    view[:] = bytes([number]) * len(view)
                    assert view[-1] == number
                assert buffer.freeze()[0].item() == number

    run_together(8, body)
    assert bus.statistics().live_buffers == 0
    assert bus.used == 0


def test_one_of_many_threads_freezes_and_none_writes_after():
    bus = Bus(CAPACITY)
    for _ in range(50):
        buffer = bus.lease(64)
        views = []

        def body(number, buffer=buffer, views=views):
            if number == 0:
                try:
                    buffer.freeze()
                except BufferError:
                    return
                assert memoryview(buffer).readonly
            else:
                views.append(memoryview(buffer))

        run_together(3, body)
        writable = [view for view in views if not view.readonly]
        assert buffer.state == ("leased" if writable else "frozen")


def test_one_of_many_threads_gets_the_transferred_memory():
    bus = Bus(CAPACITY)
    for _ in range(50):
        buffer = bus.lease(64).transfer()
        got = []

        def body(number, buffer=buffer, got=got):
            with contextlib.suppress(BufferError):
                got.append(memoryview(buffer))

        run_together(4, body)
        assert len(got) == 1


def test_release_races_with_views():
    bus = Bus(CAPACITY)
    for _ in range(50):
        buffer = bus.lease(64)
        memoryview(buffer)[:] = b"x" * 64

        def body(number, buffer=buffer):
            try:
                if number == 0:
                    buffer.release()
                else:
                    assert buffer[number : number + 8].tobytes() == b"x" * 8
                    assert bytes(memoryview(buffer)) == b"x" * 64
            except (BufferError, ValueError):
                pass

        run_together(3, body)


def test_push_if_absent_has_one_winner():
    bus = Bus(CAPACITY)
    for i in range(50):
        won = []

        def body(number, key=f"key{i}", won=won):
            if bus.push(key, bytes([number]) * 100):
                won.append(number)
            assert len(set(bus.snapshot(key).tobytes())) == 1

        run_together(4, body)
        assert len(won) == 1
        assert bus.snapshot(f"key{i}").tobytes() == bytes(won) * 100


def test_waiting_threads_share_a_bus_smaller_than_their_wants():
    bus = Bus(CAPACITY)

    def body(number):
        for _ in range(50):
            with bus.lease(CAPACITY // 2 + 1, policy="wait") as buffer:
                memoryview(buffer)[0] = number

    run_together(4, body)
    now = bus.statistics()
    assert now.leases == 200
    assert now.peak_used_bytes <= CAPACITY
    assert now.waiting == 0


def test_exhaustion_is_an_exception_in_every_thread():
    bus = Bus(CAPACITY)
    held = bus.lease(CAPACITY)

    def body(number):
        for _ in range(100):
            with pytest.raises(BusExhausted):
                bus.lease(1)

    run_together(4, body)
    assert bus.statistics().refused == 400
    held.release()


def test_lent_memory_is_returned_by_whichever_thread_is_last():
    memory = bytearray(1000)
    buffers = [Buffer.from_buffer(memory) for _ in range(8)]

    def body(number):
        buffers[number].release()

    run_together(8, body)
    memory.append(1)


def in_child(body):
    """Runs body in a forked child; returns what it returned, as text."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, repr(body()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        result = pipe.read().decode()
    os.waitpid(child, 0)
    return result


def refusal(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


# CPython 3.12 and later warn when a process with threads forks; ours has none of its own here.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_cannot_harm_its_parent():
    bus = Bus(CAPACITY)
    buffer = bus.copy(b"parent")
    view = memoryview(buffer)
    bus.push("key", b"value")
    before = bus.statistics()

    def body():
        refusals = [
            refusal(lambda: bus.lease(1)),
            refusal(lambda: bus.lease(1, policy="wait")),
            refusal(buffer.freeze),
            refusal(buffer.transfer),
            refusal(lambda: memoryview(buffer)),
            refusal(lambda: buffer.__dlpack__()),
            refusal(buffer.tobytes),
            refusal(lambda: bus.push("other", b"")),
        ]
        seen = bytes(view)
        view.release()
        buffer.release()
        gc.collect()
        return (seen, [text and text.split(":")[0] for text in refusals])

    expected = ["EngineClosed"] * 2 + ["BufferError"] * 5 + ["EngineClosed"]
    assert in_child(body) == repr((b"parent", expected))
    assert bus.statistics() == before
    with pytest.raises(BufferError, match="1 writable view "):
        buffer.freeze()
    view.release()
    assert buffer.freeze().tobytes() == b"parent"


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_may_have_its_own_bus():
    bus = Bus(CAPACITY)
    kept = bus.lease(10)
    assert in_child(lambda: Bus(CAPACITY).copy(b"own").freeze().tobytes()) == repr(b"own")
    assert kept.state == "leased"


def test_cycles_through_views_are_collected():
    bus = Bus(CAPACITY)

    class Holder:
        pass

    holder = Holder()
    holder.self = holder
    holder.view = memoryview(bus.lease(100))
    del holder
    gc.collect()
    assert bus.statistics().live_buffers == 0


def test_exports_of_many_buffers_leave_nothing_behind():
    bus = Bus(CAPACITY)
    for _ in range(500):
        buffer = bus.lease(100)
        capsule = buffer.__dlpack__(max_version=(1, 0))
        part = buffer[3:]
        view = memoryview(part)
        del buffer, capsule, part, view
    assert bus.statistics().live_buffers == 0
    assert bus.statistics().leases == 500
