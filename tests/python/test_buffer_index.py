# SPDX-License-Identifier: Apache-2.0
"""Parts and elements of a Buffer, against memoryview, numpy and struct."""

import itertools
import struct

import pytest
from cogway import Bus

np = pytest.importorskip("numpy", reason="numpy is what indexing is compared with")
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip

BUS = Bus(8 << 20)


def filled(shape, dtype="int32"):
    array = np.arange(int(np.prod(shape)), dtype="int64").reshape(shape).astype(dtype)
    return BUS.copy(array), array


def same(buffer, array):
    assert buffer.shape == array.shape
    assert buffer.tobytes() == array.tobytes()


def test_items_are_buffers():
    buffer, array = filled((4, 3, 2))
    for i in range(-4, 4):
        same(buffer[i], array[i])
    assert buffer[2, 1, 0].item() == array[2, 1, 0]
    assert [item.tobytes() for item in buffer] == [item.tobytes() for item in array]
    assert len(list(iter(buffer))) == 4


@pytest.mark.parametrize("index", [4, -5, 2**70, -(2**70)])
def test_indices_out_of_range(index):
    buffer, _ = filled((4, 3))
    with pytest.raises(IndexError):
        _ = buffer[index]


def test_wrong_indices():
    buffer, _ = filled((4, 3))
    with pytest.raises(TypeError, match="not str"):
        _ = buffer["a"]
    with pytest.raises(TypeError, match="not float"):
        _ = buffer[1.0]
    with pytest.raises(IndexError, match="too many"):
        _ = buffer[0, 0, 0]
    with pytest.raises(IndexError, match="one ellipsis"):
        _ = buffer[..., ...]
    with pytest.raises(ValueError, match="zero"):
        _ = buffer[::0]
    with pytest.raises(TypeError):
        buffer[0] = 1
    with pytest.raises(TypeError):
        del buffer[0]


def test_scalars_have_no_length():
    buffer = BUS.lease((), "float64")
    with pytest.raises(TypeError, match="no len"):
        len(buffer)
    with pytest.raises(TypeError):
        iter(buffer)
    with pytest.raises(IndexError):
        _ = buffer[0]
    same(buffer[()], np.asarray(buffer))
    assert buffer[...].shape == ()


@pytest.mark.parametrize("dtype", DTYPES)
def test_item_of_each_dtype(dtype):
    _, array = filled((6,), dtype)
    if array.dtype.kind in "if":
        array = -array if array.dtype.kind != "u" else array
    buffer = BUS.copy(array)
    assert buffer.dtype == dtype
    for i in range(6):
        assert buffer[i].item() == array[i].item()
        assert type(buffer[i].item()) is type(array[i].item())


def test_item_of_bfloat16():
    buffer = BUS.lease(1, "bfloat16")
    assert isinstance(buffer.item(), float)


def test_item_needs_one_element():
    buffer, _ = filled((2,))
    with pytest.raises(ValueError, match="exactly one"):
        buffer.item()
    assert filled((1, 1))[0].item() == 0


def slices_of(length):
    bound = st.none() | st.integers(-length - 2, length + 2)
    step = st.none() | st.integers(-3, 3).filter(bool)
    return st.builds(slice, bound, bound, step)


@given(data=st.data())
def test_any_index_is_numpys(data):
    shape = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4), label="shape")
    buffer, array = filled(tuple(shape), "int16")
    keys = []
    for length in shape[: data.draw(st.integers(0, len(shape)), label="indexed dimensions")]:
        choices = slices_of(length)
        if length:
            choices |= st.integers(-length, length - 1)
        keys.append(data.draw(choices, label="key"))
    if data.draw(st.booleans(), label="ellipsis"):
        keys.insert(data.draw(st.integers(0, len(keys)), label="where"), ...)
        if len(keys) == len(shape) + 1 or keys[-1] is not ...:
            keys = [key for key in keys if key is not ...] + [...]
    part, expected = buffer[tuple(keys)], np.asarray(array[tuple(keys)])
    same(part, expected)
    view = np.asarray(part)
    assert np.array_equal(view, expected)
    del view
    if expected.ndim and expected.size:
        same(part[::-1], expected[::-1])


def test_parts_write_through():
    buffer, array = filled((4, 5), "float32")
    np.asarray(buffer[1::2, ::-1])[...] = 7
    array[1::2, ::-1] = 7
    same(buffer, array)


@given(dims=st.lists(st.integers(0, 5), max_size=8), dtype=st.sampled_from(DTYPES))
def test_numpy_round_trip_of_shapes_and_dtypes(dims, dtype):
    buffer = BUS.lease(tuple(dims), dtype)
    array = np.asarray(buffer)
    assert array.dtype == np.dtype(dtype)
    assert array.shape == tuple(dims)
    assert array.flags.writeable
    assert not array.size or array.ctypes.data % 64 == 0
    array[...] = 1
    del array
    frozen = np.asarray(buffer.freeze())
    assert not frozen.flags.writeable
    assert (frozen == 1).all()
    assert buffer.tobytes() == frozen.tobytes()


@given(
    dims=st.lists(st.integers(0, 4), max_size=5),
    dtype=st.sampled_from(DTYPES),
    order=st.sampled_from("CF"),
    flip=st.booleans(),
)
def test_copies_keep_elements_whatever_the_strides(dims, dtype, order, flip):
    array = np.ones(tuple(dims), dtype).cumsum().reshape(dims).astype(dtype)
    array = np.array(array, order=order)
    if flip and array.ndim:
        array = array[::-1]
    copy = BUS.copy(array)
    assert np.array_equal(np.asarray(copy), array)
    lent = type(copy).from_buffer(array)
    assert lent.size == 0 or all(
        ours == theirs
        for n, ours, theirs in zip(array.shape, lent.strides, array.strides, strict=True)
        if n > 1
    )
    same(lent, array)


@pytest.mark.parametrize("flags", list(itertools.product([0, 1], repeat=2)))
def test_struct_and_memoryview_agree(flags):
    reverse, step = flags
    buffer = BUS.copy(struct.pack("<8i", *range(8)))
    view = memoryview(buffer).cast("i")
    assert view.tolist() == list(range(8))
    part = memoryview(buffer[:: -1 if reverse else 1][:: 1 + step])
    assert part.tolist() == list(memoryview(buffer))[:: -1 if reverse else 1][:: 1 + step]
