# SPDX-License-Identifier: Apache-2.0
"""Buffers as torch tensors and back, where torch is installed."""

import gc

import pytest

torch = pytest.importorskip("torch", reason="no torch for this interpreter")

from cogway import Buffer, Bus  # noqa: E402

pytestmark = pytest.mark.torch

BUS = Bus(4 << 20)
DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128",
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_leaks():
    yield
    gc.collect()
    assert BUS.statistics().live_buffers == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_shared(dtype):
    buffer = BUS.lease((2, 3), dtype)
    tensor = torch.from_dlpack(buffer)
    assert tensor.dtype is getattr(torch, dtype)
    assert tensor.shape == (2, 3)
    tensor.fill_(1)
    assert buffer[1, 2].item() == 1
    assert BUS.lease(1, tensor.dtype).dtype == dtype


def test_a_batch_is_handed_over_by_transfer():
    buffer = BUS.lease((4, 3), "float32")
    tensor = torch.from_dlpack(buffer.transfer())
    del buffer
    gc.collect()
    assert BUS.statistics().transferred_buffers == 1
    tensor.zero_()
    tensor.add_(2)
    assert tensor.sum().item() == 24
    part = tensor[1]
    del tensor
    assert part.tolist() == [2, 2, 2]


def test_a_writable_tensor_keeps_the_buffer_from_freezing():
    buffer = BUS.lease(4)
    tensor = torch.from_dlpack(buffer)
    with pytest.raises(BufferError, match="tensor"):
        buffer.freeze()
    tensor.fill_(3)
    del tensor
    assert buffer.freeze().tobytes() == b"\x03" * 4


def test_an_exclusive_tensor_is_the_only_one():
    buffer = BUS.lease(4).transfer()
    tensor = torch.from_dlpack(buffer)
    with pytest.raises(BufferError, match="only one"):
        torch.from_dlpack(buffer)
    del tensor
    assert torch.from_dlpack(buffer).numel() == 4


def test_parts_and_strides():
    buffer = BUS.copy(torch.arange(24).reshape(4, 6))
    tensor = torch.from_dlpack(buffer[1::2, ::3])
    assert tensor.tolist() == [[6, 9], [18, 21]]
    assert tensor.stride() == (12, 3)


def test_frozen_buffers_are_shared_for_reading():
    buffer = BUS.copy(torch.arange(4)).freeze()
    tensor = torch.from_dlpack(buffer)
    assert tensor.tolist() == [0, 1, 2, 3]
    assert tensor.data_ptr() == buffer.__array_interface__["data"][0]


def test_tensors_are_lent_to_kernels():
    tensor = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    buffer = Buffer.from_dlpack(tensor.t())
    assert buffer.external
    assert buffer.strides == (4, 12)
    assert buffer[2, 1].item() == 5
    before = torch.arange(3)
    lent = Buffer.from_dlpack(before)
    del before
    assert lent[2].item() == 2


def test_tensors_that_need_gradients_are_refused_by_torch():
    with pytest.raises((BufferError, RuntimeError)):
        Buffer.from_dlpack(torch.zeros(2, requires_grad=True))


def test_numpy_and_torch_share_one_buffer():
    np = pytest.importorskip("numpy")
    buffer = BUS.lease(4, "float32")
    torch.from_dlpack(buffer).fill_(2)
    assert np.asarray(buffer).tolist() == [2, 2, 2, 2]
