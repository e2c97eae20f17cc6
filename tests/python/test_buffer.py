# SPDX-License-Identifier: Apache-2.0
"""Buffer: states, life, and what it says of itself."""

import gc
import weakref

import cogway
import pytest
from cogway import Buffer, Bus

CAPACITY = 1 << 20


@pytest.fixture
def bus():
    bus = Bus(CAPACITY)
    yield bus
    gc.collect()
    assert bus.statistics().live_buffers == 0, "a buffer leaked"
    assert bus.used == 0


def test_a_lease_describes_itself(bus):
    buffer = bus.lease((2, 3), "float32")
    assert buffer.shape == (2, 3)
    assert buffer.strides == (12, 4)
    assert buffer.dtype == "float32"
    assert (buffer.ndim, buffer.size, buffer.itemsize, buffer.nbytes) == (2, 6, 4, 24)
    assert buffer.state == "leased"
    assert buffer.readonly is False
    assert buffer.external is False
    assert len(buffer) == 2
    assert repr(buffer) == "<cogway.Buffer float32[2, 3] leased, 24 bytes>"
    assert Buffer.__module__ == "cogway"


def test_buffers_are_not_made_by_calling_the_type():
    with pytest.raises(TypeError, match="Buffer"):
        Buffer()


def test_freeze_makes_views_read_only(bus):
    buffer = bus.lease(4)
    with memoryview(buffer) as view:
        view[:] = b"abcd"
    assert buffer.freeze() is buffer
    assert buffer.state == "frozen"
    assert buffer.readonly is True
    assert buffer.freeze() is buffer
    view = memoryview(buffer)
    assert view.readonly
    assert bytes(view) == b"abcd"
    with pytest.raises(TypeError, match="read-only"):
        view[0] = 1


def test_freeze_with_a_live_writable_view_is_refused(bus):
    buffer = bus.lease(4)
    view = memoryview(buffer)
    part = memoryview(buffer[1:3])
    with pytest.raises(BufferError, match="2 writable views"):
        buffer.freeze()
    view.release()
    with pytest.raises(BufferError, match="1 writable view "):
        buffer.freeze()
    part.release()
    buffer.freeze()


def test_parts_share_the_state_and_cannot_change_it(bus):
    buffer = bus.lease((4, 2))
    part = buffer[1]
    for change in (part.freeze, part.transfer):
        with pytest.raises(BufferError, match="part of a buffer"):
            change()
    buffer.freeze()
    assert part.state == "frozen"
    assert memoryview(part).readonly
    assert buffer[:].freeze().state == "frozen"


def test_transfer_gives_one_writable_view_at_a_time(bus):
    buffer = bus.lease(4)
    assert buffer.transfer() is buffer
    assert buffer.state == "transferred"
    view = memoryview(buffer)
    assert not view.readonly
    with pytest.raises(BufferError, match="only one"):
        memoryview(buffer)
    for read in (buffer.tobytes, buffer[0].item):
        with pytest.raises(BufferError, match="transferred"):
            read()
    with pytest.raises(BufferError, match="transferred"):
        buffer.freeze()
    with pytest.raises(BufferError, match="transferred"):
        buffer.transfer()
    view.release()
    assert not memoryview(buffer).readonly


def test_transfer_of_a_frozen_buffer_needs_its_only_reader(bus):
    buffer = bus.lease(4).freeze()
    view = memoryview(buffer)
    with pytest.raises(BufferError, match="still read"):
        buffer.transfer()
    view.release()
    part = buffer[0]
    with pytest.raises(BufferError, match="others hold"):
        buffer.transfer()
    del part
    assert buffer.transfer().state == "transferred"


def test_release_gives_memory_back_at_once(bus):
    buffer = bus.lease(100)
    assert bus.used == 128
    buffer.release()
    assert bus.used == 0
    buffer.release()
    assert buffer.state == "released"
    assert repr(buffer) == "<cogway.Buffer uint8[100] released, 100 bytes>"
    assert buffer.shape == (100,)
    for use in (
        buffer.freeze,
        buffer.transfer,
        buffer.tobytes,
        buffer.__dlpack__,
        lambda: memoryview(buffer),
        lambda: buffer[0],
        lambda: buffer.readonly,
        lambda: buffer.__array_interface__,
        lambda: bus.push("key", buffer),
    ):
        with pytest.raises(ValueError, match="released"):
            use()


def test_release_with_live_views_is_refused(bus):
    buffer = bus.lease(4)
    view = memoryview(buffer)
    with pytest.raises(BufferError, match="1 live view "):
        buffer.release()
    assert buffer.state == "leased"
    view[0] = 7
    view.release()
    buffer.release()


def test_a_buffer_is_a_context_manager(bus):
    with bus.lease(4) as buffer:
        assert buffer.state == "leased"
    assert buffer.state == "released"
    with pytest.raises(ValueError, match="released"), buffer:
        pass


def test_views_pin_the_memory(bus):
    view = memoryview(bus.lease(4))
    view[:] = b"live"
    other = bus.lease(4)
    memoryview(other)[:] = b"dead"
    assert bytes(view) == b"live"
    assert bus.statistics().live_buffers == 2


def test_parts_pin_the_memory(bus):
    buffer = bus.lease((2, 4))
    memoryview(buffer)[1, 3] = 9
    part = buffer[1]
    buffer.release()
    assert part[3].item() == 9
    assert bus.used == 64


def test_buffers_outlive_their_bus():
    bus = Bus(CAPACITY)
    buffer = bus.lease(4)
    del bus
    view = memoryview(buffer)
    view[:] = b"live"
    del buffer
    assert bytes(view) == b"live"


def test_closed_bus_leaves_buffers_alone(bus):
    buffer = bus.lease(4)
    bus.close()
    memoryview(buffer)[:] = b"live"
    assert buffer.freeze().tobytes() == b"live"


def test_bytes_and_comparisons(bus):
    buffer = bus.copy(b"hello")
    assert bytes(buffer) == buffer.tobytes() == b"hello"
    assert bytes(buffer[::-1]) == b"olleh"
    assert buffer != b"hello"
    assert buffer == buffer
    assert {buffer: 1}[buffer] == 1


def test_weak_references(bus):
    buffer = bus.lease(4)
    reference = weakref.ref(buffer)
    assert reference() is buffer
    del buffer
    gc.collect()
    assert reference() is None


def test_from_buffer_lends_without_a_copy(bus):
    memory = bytearray(b"abcd")
    buffer = Buffer.from_buffer(memory)
    assert buffer.external
    assert buffer.state == "leased"
    memoryview(buffer)[0] = ord("x")
    assert memory == b"xbcd"
    with pytest.raises(BufferError):
        memory.append(1)
    buffer.release()
    memory.append(1)
    assert bus.statistics().live_buffers == 0


def test_from_buffer_of_read_only_memory_is_frozen():
    buffer = Buffer.from_buffer(b"abcd")
    assert buffer.state == "frozen"
    assert memoryview(buffer).readonly
    assert buffer.tobytes() == b"abcd"


def test_from_buffer_takes_arrays_that_numpy_will_not_let_write(bus):
    numpy = pytest.importorskip("numpy")
    locked = numpy.arange(4, dtype="uint8")
    locked.flags.writeable = False
    frozen = bus.copy(b"abcd")
    frozen.freeze()
    spread = numpy.broadcast_to(numpy.arange(2, dtype="int16"), (3, 2))
    for array in (locked, locked[::-2], numpy.asarray(frozen), spread):
        buffer = Buffer.from_buffer(array)
        assert buffer.state == "frozen"
        assert buffer.strides == array.strides
        assert buffer.tobytes() == array.tobytes()


def test_from_buffer_keeps_shape_and_strides():
    view = memoryview(bytearray(range(24))).cast("H", (3, 4))
    buffer = Buffer.from_buffer(view)
    assert (buffer.dtype, buffer.shape, buffer.strides) == ("uint16", (3, 4), (8, 2))
    assert Buffer.from_buffer(memoryview(b"abcdef")[::-2]).tobytes() == b"fdb"


def test_from_buffer_gives_memory_back_when_its_parts_are_gone():
    memory = bytearray(8)
    part = Buffer.from_buffer(memory)[2:4]
    with pytest.raises(BufferError):
        memory.clear()
    del part
    memory.clear()


def test_from_buffer_refuses_what_the_bus_cannot_hold():
    with pytest.raises(TypeError):
        Buffer.from_buffer("text")
    numpy = pytest.importorskip("numpy")
    with pytest.raises(BufferError, match="no dtype on the bus"):
        Buffer.from_buffer(numpy.zeros(2, dtype=">i4"))
    with pytest.raises(BufferError, match="no dtype on the bus"):
        Buffer.from_buffer(numpy.zeros(2, dtype=[("a", "i4")]))


def test_array_interface_is_read_only_and_keeps_the_memory(bus):
    buffer = bus.lease((2, 3), "int16")
    interface = buffer.__array_interface__
    assert interface["shape"] == (2, 3)
    assert interface["typestr"] == "<i2"
    assert interface["version"] == 3
    assert interface["strides"] is None
    assert interface["data"][1] is True
    assert buffer[:, ::2].__array_interface__["strides"] == (6, 4)
    buffer.release()
    assert bus.used == 64, "an address was given out: the memory stays with the object"
    del buffer
    gc.collect()


def test_bfloat16_has_no_format_but_bytes(bus):
    buffer = bus.copy(memoryview(bytes(4)).cast("H"))
    assert buffer.dtype == "uint16"
    brain = bus.lease(2, "bfloat16")
    with pytest.raises(BufferError, match="bfloat16"):
        memoryview(brain)
    with pytest.raises(BufferError, match="bfloat16"):
        _ = brain.__array_interface__
    assert len(bytes(brain)) == 4


def test_unknown_arguments_are_refused(bus):
    buffer = bus.lease(4)
    with pytest.raises(TypeError):
        buffer.freeze(1)
    with pytest.raises(AttributeError):
        buffer.shape = (2, 2)
    with pytest.raises(TypeError):
        Buffer.extra = 1
    with pytest.raises(TypeError):
        type("Sub", (Buffer,), {})


def test_exceptions_have_one_base():
    assert issubclass(cogway.BusExhausted, cogway.CogwayError)
    assert issubclass(cogway.BusExhausted, MemoryError)
