# SPDX-License-Identifier: Apache-2.0
"""The kernel pack of the guide: its text is compiled, loaded and called as a user would."""

import array
import os
import re
from pathlib import Path

import cogway
import pytest
from kernel_packs import compile_pack

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "writing-a-kernel.md"


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    (source,) = re.findall(r"```c\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    path = compile_pack("mine", source, tmp_path_factory.mktemp("mine"))
    return cogway.load(path), path


def floats(*values):
    return array.array("f", values)


def test_a_pack_that_was_rebuilt_is_told_to_be_the_old_one(mine):
    pack, path = mine
    assert cogway.load(path) == pack
    written = path.stat().st_mtime_ns
    try:
        os.utime(path, ns=(written, written + 1_000_000_000))
        with pytest.warns(RuntimeWarning, match=r"mine\.so has changed since it was loaded"):
            assert cogway.load(path) == pack
    finally:
        os.utime(path, ns=(written, written))
    assert cogway.load(path) == pack


def test_what_a_pack_registers_is_known(mine, engine):
    pack, path = mine
    assert pack.name == "mine"
    assert pack.version == "1.0"
    assert pack.path == str(path)
    assert pack.kernels == ("mine.scale",)
    assert pack in cogway.packs()
    (kernel,) = [kernel for kernel in engine.kernels() if kernel.pack == "mine"]
    assert kernel.name == "mine.scale"
    assert kernel.signature == "f32[n] -> f32[n]"
    assert kernel.outputs == 1
    (factor,) = kernel.parameters
    assert (factor.name, factor.type, factor.default, factor.required) == (
        "factor", "float", 2.0, False,
    )  # fmt: skip


def test_loading_again_changes_nothing(mine):
    pack, path = mine
    assert cogway.load(path) == pack
    assert cogway.load(str(path)) == pack


def test_calls(mine, engine):
    def scale(source, **parameters):
        result = engine.c_spawn("mine.scale", source, **parameters).result()
        assert result.dtype == "float32"
        return memoryview(result).tolist()

    assert scale(floats(1, 2, 3)) == [2, 4, 6]
    assert scale(floats(0, 1, 2), factor=10) == [0, 10, 20]
    assert scale(memoryview(floats(1, 2, 3, 4))[::-2], factor=1) == [4, 2]
    assert scale(floats()) == []
    large = floats(*range(200_000))  # several pieces of parallel_for
    assert scale(large, factor=1) == large.tolist()


def test_map_and_out(mine, engine):
    results = engine.c_map("mine.scale", [floats(i) for i in range(10)], factor=3).result()
    assert [memoryview(result)[0] for result in results] == [3 * i for i in range(10)]
    out = engine.bus.lease(2, "float32")
    assert engine.c_spawn("mine.scale", floats(1, 2), out=out).result() is out
    assert memoryview(out).tolist() == [2, 4]


def test_what_the_pack_refuses(mine, engine):
    with pytest.raises(ValueError, match=r"mine\.scale: takes float32\[n\]"):
        engine.c_spawn("mine.scale", b"bytes")
    with pytest.raises(ValueError, match="factor"):
        engine.c_spawn("mine.scale", floats(1), factor=1e9)
    with pytest.raises(ValueError, match="fraction"):
        engine.c_spawn("mine.scale", floats(1), fraction=1)
    with pytest.raises(cogway.KernelError) as caught:
        engine.c_spawn("mine.scale", floats(1, float("nan"))).result()
    assert caught.value.kernel == "mine.scale"
    assert caught.value.status == "data_loss"
    assert caught.value.message == "the input has a NaN"


def test_in_a_pipeline(mine, engine):
    pipeline = cogway.Pipeline(engine).source(lambda: iter([floats(1, 2), floats(3, 4)]))
    (batch,) = pipeline.native("mine.scale", factor=5).batch(2)
    assert memoryview(batch.data).tolist() == [[5, 10], [15, 20]]
