# SPDX-License-Identifier: Apache-2.0
"""DLPack both ways: capsules, numpy, and producers of every kind."""

import ctypes
import gc

import pytest
from cogway import Buffer, Bus

BUS = Bus(4 << 20)
CPU = (1, 0)


@pytest.fixture(autouse=True)
def no_leaks():
    yield
    gc.collect()
    assert BUS.statistics().live_buffers == 0


def capsule_name(capsule):
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return get_name(capsule)


class Producer:
    """Hands on what a Buffer exports, with chosen arguments."""

    def __init__(self, buffer, device=CPU, **arguments):
        self.buffer, self.device, self.arguments = buffer, device, arguments
        self.asked = None

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **asked):
        self.asked = asked
        return self.buffer.__dlpack__(**{**asked, **self.arguments})


class LegacyProducer(Producer):
    """One that was written before max_version."""

    def __dlpack__(self):
        return self.buffer.__dlpack__()


def test_capsules_are_versioned_when_the_consumer_is():
    buffer = BUS.lease(4)
    assert buffer.__dlpack_device__() == CPU
    assert capsule_name(buffer.__dlpack__()) == b"dltensor"
    assert capsule_name(buffer.__dlpack__(max_version=(0, 8))) == b"dltensor"
    assert capsule_name(buffer.__dlpack__(max_version=(1, 0))) == b"dltensor_versioned"
    assert capsule_name(buffer.__dlpack__(max_version=(7, 3))) == b"dltensor_versioned"


def test_unconsumed_capsules_give_everything_back():
    buffer = BUS.lease(4)
    for version in (None, (1, 1)):
        capsule = buffer.__dlpack__(max_version=version)
        with pytest.raises(BufferError, match="writable view"):
            buffer.freeze()
        del capsule
        gc.collect()
    buffer.freeze()


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"stream": 1}, BufferError, "no stream"),
        ({"dl_device": (2, 0)}, BufferError, r"device \(2, 0\)"),
        ({"dl_device": (1, 1)}, BufferError, r"device \(1, 1\)"),
        ({"dl_device": 1}, TypeError, "dl_device"),
        ({"max_version": 1}, TypeError, "max_version"),
        ({"max_version": (1,)}, TypeError, "2 arguments"),
        ({"copy": 1}, TypeError, "copy"),
        ({"other": 1}, TypeError, "other"),
    ],
)
def test_wrong_arguments(arguments, error, match):
    buffer = BUS.lease(4)
    with pytest.raises(error, match=match):
        buffer.__dlpack__(**arguments)
    with pytest.raises(TypeError):
        buffer.__dlpack__(None)
    buffer.freeze()


def test_a_frozen_buffer_goes_read_only_or_not_at_all():
    buffer = BUS.copy(b"abcd").freeze()
    with pytest.raises(BufferError, match=r"transfer\(\) it first, or ask for a copy"):
        buffer.__dlpack__()
    copy = Buffer.from_dlpack(Producer(buffer, max_version=None, copy=True))
    assert copy.tobytes() == b"abcd"
    shared = Buffer.from_dlpack(Producer(buffer))
    assert shared.state == "frozen"
    assert shared.external
    with pytest.raises(BufferError, match="others hold"):
        buffer.transfer()


def test_a_copy_is_the_consumers_own():
    buffer = BUS.copy(b"abcd").freeze()
    copy = Buffer.from_dlpack(Producer(buffer[::-1], copy=True))
    assert copy.state == "leased"
    memoryview(copy)[0] = ord("x")
    assert copy.tobytes() == b"xcba"
    assert buffer.tobytes() == b"abcd"
    with pytest.raises(BufferError, match="transferred"):
        BUS.lease(2).transfer().__dlpack__(copy=True)


def test_a_transferred_buffer_has_one_consumer_at_a_time():
    buffer = BUS.lease(4).transfer()
    taken = Buffer.from_dlpack(Producer(buffer))
    assert taken.state == "leased"
    for take in (buffer.__dlpack__, lambda: memoryview(buffer)):
        with pytest.raises(BufferError, match="only one"):
            take()
    del taken
    assert buffer.__dlpack__() is not None


def test_an_export_outlives_its_buffer():
    buffer = BUS.copy(b"abcd")
    taken = Buffer.from_dlpack(Producer(buffer))
    buffer.release()
    assert taken.tobytes() == b"abcd"
    assert BUS.statistics().live_buffers == 1


@pytest.mark.parametrize("version", [None, (1, 0)])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((), "float64"),
        ((0,), "int8"),
        ((3, 0, 2), "bool"),
        ((2, 3, 4), "complex64"),
        ((5,), "bfloat16"),
    ],
)
def test_round_trip_keeps_shape_and_dtype(version, shape, dtype):
    buffer = BUS.lease(shape, dtype)
    taken = Buffer.from_dlpack(Producer(buffer, max_version=version))
    assert (taken.shape, taken.dtype) == (shape, dtype)
    assert taken.tobytes() == buffer.tobytes()
    # A producer before 1.0 cannot say whether it may be written to.
    assert taken.state == ("leased" if version else "frozen")


def test_strides_survive():
    buffer = BUS.copy(memoryview(bytes(range(24))).cast("B", (4, 6)))
    part = buffer[::-1, 1::2]
    taken = Buffer.from_dlpack(Producer(part))
    assert taken.strides == (-6, 2)
    assert taken.tobytes() == part.tobytes()


def test_producers_before_max_version_are_understood():
    taken = Buffer.from_dlpack(LegacyProducer(BUS.copy(b"abcd")))
    assert taken.tobytes() == b"abcd"
    producer = Producer(BUS.copy(b"abcd"))
    Buffer.from_dlpack(producer)
    assert producer.asked == {"max_version": (1, 1)}


def test_foreign_devices_are_refused():
    producer = Producer(BUS.lease(4), device=(2, 1))
    with pytest.raises(BufferError, match=r"device \(2, 1\).*copy it to the processor"):
        Buffer.from_dlpack(producer)
    assert producer.asked is None
    assert Buffer.from_dlpack(Producer(BUS.lease(4), device=(3, 0))).nbytes == 4


def test_what_is_no_producer():
    class Odd(Producer):
        def __dlpack__(self, **asked):
            return self.arguments["result"]

    for result in (None, 5, b"dltensor"):
        with pytest.raises(TypeError, match="unused capsule"):
            Buffer.from_dlpack(Odd(None, result=result))
    used = BUS.lease(4).__dlpack__()
    Buffer.from_dlpack(Odd(None, result=used))
    with pytest.raises(TypeError, match="unused capsule"):
        Buffer.from_dlpack(Odd(None, result=used))
    with pytest.raises(TypeError, match="tuple"):
        Buffer.from_dlpack(Producer(None, device=1))
    with pytest.raises(AttributeError):
        Buffer.from_dlpack(object())


def test_errors_of_the_producer_come_through():
    class Failing(Producer):
        def __dlpack__(self, **asked):
            raise RuntimeError("not today")

    with pytest.raises(RuntimeError, match="not today"):
        Buffer.from_dlpack(Failing(None))


class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    _fields_ = [
        ("version", Version),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


class HandMade:
    """A versioned tensor written field by field."""

    def __init__(
        self, *, major=1, ndim=1, shape=(4,), strides=None, dtype=(1, 8, 1), flags=0, offset=0
    ):
        self.memory = ctypes.create_string_buffer(b"0123456789", 10)
        self.shape = (ctypes.c_int64 * 9)(*shape)
        self.strides = (ctypes.c_int64 * 9)(*strides) if strides else None
        self.deleted = 0
        self.deleter = DELETER(self.delete)
        tensor = Tensor(
            ctypes.addressof(self.memory), 1, 0, ndim, *dtype, self.shape, self.strides, offset
        )
        self.managed = Managed(Version(major, 0), None, self.deleter, flags, tensor)

    def delete(self, managed):
        self.deleted += 1

    def __dlpack_device__(self):
        return CPU

    def __dlpack__(self, **asked):
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = (
            ctypes.py_object,
            [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
        )
        return new(ctypes.addressof(self.managed), b"dltensor_versioned", None)


def test_hand_made_tensors():
    made = HandMade(offset=2)
    taken = Buffer.from_dlpack(made)
    assert taken.state == "leased"
    assert taken.tobytes() == b"2345"
    assert made.deleted == 0
    taken.release()
    assert made.deleted == 1
    made = HandMade(flags=1, strides=(-2,), offset=9)
    taken = Buffer.from_dlpack(made)
    assert taken.state == "frozen"
    assert taken.tobytes() == b"9753"
    del taken
    gc.collect()
    assert made.deleted == 1


@pytest.mark.parametrize(
    ("made", "match"),
    [
        ({"major": 2}, "DLPack 2"),
        ({"ndim": 9}, "8 dimensions"),
        ({"ndim": -1}, "8 dimensions"),
        ({"shape": (-1,)}, "negative"),
        ({"shape": (2**62,), "dtype": (0, 64, 1)}, "2\\^62"),
        ({"dtype": (3, 64, 1)}, "unsupported dtype"),
        ({"dtype": (1, 8, 4)}, "unsupported dtype"),
        ({"dtype": (1, 4, 1)}, "unsupported dtype"),
        ({"strides": (2**61,), "dtype": (0, 64, 1)}, "out of range"),
        ({"strides": (2**60,), "shape": (2**3,)}, "2\\^62"),
    ],
)
def test_tensors_that_cannot_be_held_are_refused_and_deleted(made, match):
    tensor = HandMade(**made)
    with pytest.raises(BufferError, match=match):
        Buffer.from_dlpack(tensor)
    assert tensor.deleted == 1


def test_numpy_both_ways():
    np = pytest.importorskip("numpy")
    buffer = BUS.lease((3, 4), "float32")
    array = np.from_dlpack(buffer)
    assert array.shape == (3, 4)
    assert array.dtype == np.float32
    array[...] = np.arange(12).reshape(3, 4)
    with pytest.raises(BufferError):
        buffer.freeze()
    del array
    frozen = np.from_dlpack(buffer.freeze())
    assert not frozen.flags.writeable
    assert frozen[2, 3] == 11
    assert np.shares_memory(frozen, np.asarray(buffer))
    taken = Buffer.from_dlpack(frozen)
    assert taken.state == "frozen"
    assert taken[2, 3].item() == 11
    writable = np.zeros(3)
    taken = Buffer.from_dlpack(writable)
    np.asarray(taken)[1] = 5
    assert writable[1] == 5
