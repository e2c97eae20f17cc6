# SPDX-License-Identifier: Apache-2.0
"""Buffers through pickle and multiprocessing: as bytes, or as handles of a shared bus."""

import array
import copy
import multiprocessing
import os
import pickle
from multiprocessing.reduction import ForkingPickler

import pytest
from cogway import Buffer, Bus, _pickling

MIB = 1 << 20


@pytest.fixture
def bus(request):
    """A shared bus, and no other bus that was opened to unpickle."""
    name = f"pickle-{os.getpid()}-{abs(hash(request.node.name)) % 10**9}"
    with Bus.create(name, bytes=32 * MIB) as made:
        yield made
    for opened in list(_pickling._opened.values()):
        opened.close()
    _pickling._opened.clear()


def doubled(buffer):
    """What a process of a pool does: says what it got, and answers with the sum."""
    values = memoryview(buffer)
    return buffer.shared_bus_id, buffer.state, buffer.shape, sum(values.cast("B").cast("q"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["uint8", "float16", "bfloat16", "complex64", "bool"])
def test_a_buffer_comes_back_from_its_bytes(protocol, dtype):
    bus = Bus(MIB)
    buffer = bus.lease((3, 4), dtype)
    if dtype == "uint8":
        memoryview(buffer).cast("B")[:] = bytes(range(12))
    again = pickle.loads(pickle.dumps(buffer, protocol))
    assert isinstance(again, Buffer)
    assert (again.dtype, again.shape) == (dtype, (3, 4))
    assert again.tobytes() == buffer.tobytes()
    assert again.shared_bus_id is None
    assert buffer.state == "leased"  # pickling changes nothing


def test_protocol_5_takes_the_bytes_out_of_band():
    buffer = Bus(MIB).copy(array.array("d", range(1000))).freeze()
    found = []
    data = pickle.dumps(buffer, 5, buffer_callback=found.append)
    assert len(data) < 500
    (flat,) = found
    assert flat.raw().nbytes == 8000
    again = pickle.loads(data, buffers=found)
    assert memoryview(again).tolist() == list(range(1000))


def test_parts_scalars_and_copies():
    buffer = Bus(MIB).copy(array.array("i", range(12)))
    part = pickle.loads(pickle.dumps(buffer[2::3]))
    assert memoryview(part).tolist() == [2, 5, 8, 11]
    assert pickle.loads(pickle.dumps(buffer[5])).item() == 5
    twin = copy.deepcopy(buffer)
    assert twin.tobytes() == buffer.tobytes()
    buffer.release()
    with pytest.raises(ValueError, match="released"):
        pickle.dumps(buffer)


def test_damaged_pickles_are_refused():
    from cogway._core import buffer_of_bytes

    with pytest.raises(ValueError, match="7 bytes are no float64"):
        buffer_of_bytes(b"1234567", "float64", (1,))
    with pytest.raises(ValueError, match="not a dtype"):
        buffer_of_bytes(b"1", "object", (1,))
    with pytest.raises(TypeError, match="takes bytes, dtype and shape"):
        buffer_of_bytes(b"1")


def test_a_frozen_buffer_of_a_shared_bus_is_a_handle_to_peers(bus):
    frozen = bus.copy(array.array("q", range(100_000))).freeze()
    assert frozen.shared_bus_id == bus.id
    data = bytes(ForkingPickler.dumps(frozen))
    assert len(data) < 500
    assert bus.statistics().in_transit == 1
    again = pickle.loads(data)
    assert again.shared_bus_id == bus.id
    assert bus.reclaim() == 0
    assert bus.statistics().in_transit == 0
    assert memoryview(again) == memoryview(frozen)
    # Everything else is bytes: what pickle itself writes, what is not frozen, and parts.
    assert len(pickle.dumps(frozen)) > 800_000
    assert len(ForkingPickler.dumps(bus.copy(bytes(MIB)))) > MIB
    assert len(ForkingPickler.dumps(frozen[1:])) > 799_000
    assert bus.statistics().in_transit == 0


def test_a_handle_that_nobody_holds_any_more(bus):
    name = bus.name
    data = bytes(ForkingPickler.dumps(bus.copy(b"lost").freeze()))
    with Bus.open(name) as other:
        bus.close()
        assert other.statistics().bequeathed_bytes == 256
        assert other.disinherit() == 1
        assert other.disinherit() == 0
        with pytest.raises(LookupError, match="gone"):
            pickle.loads(data)
    assert pickle.loads(pickle.dumps(name)) == name


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_pool_gets_handles_without_changing_code(bus, method):
    context = multiprocessing.get_context(method)
    buffers = [bus.copy(array.array("q", range(n))).freeze() for n in (10, 1000, 100_000)]
    with context.Pool(2) as pool:
        answers = pool.map(doubled, buffers)
        pool.close()
        pool.join()
    assert [sum_ for *_, sum_ in answers] == [n * (n - 1) // 2 for n in (10, 1000, 100_000)]
    assert {bus_id for bus_id, *_ in answers} == {bus.id}
    assert {state for _, state, *_ in answers} == {"frozen"}
    del buffers
    bus.reclaim()
    assert bus.statistics().live_buffers == 0


@pytest.mark.slow
def test_a_queue_carries_answers_back_as_handles(bus):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_answer, args=(queue, bus.name))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert bus.statistics().bequeathed_bytes == MIB
    seen = queue.get()
    assert bus.statistics().bequeathed_bytes == 0
    assert seen.shared_bus_id == bus.id
    assert bytes(seen[:5]) == b"aaaaa"
    queue.close()
    queue.join_thread()


def _answer(queue, name):
    """Puts a buffer and ends, as workers do."""
    queue.put(Bus.open(name).copy(b"a" * MIB).freeze())
