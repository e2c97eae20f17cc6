# SPDX-License-Identifier: Apache-2.0
"""The packs of the guides on parallel and new kernels: compiled, loaded and run as they stand."""

from __future__ import annotations

import array
import math
import re
import shutil
import subprocess
from pathlib import Path

import cogway
import pytest
from kernel_packs import compile_pack, include_folder

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def blocks(page: str, language: str) -> list[str]:
    text = (GUIDES / page).read_text()
    return re.findall(rf"```{re.escape(language)}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def parallel(tmp_path_factory):
    (source,) = blocks("parallel-kernels.md", "c")
    return cogway.load(compile_pack("parallel", source, tmp_path_factory.mktemp("parallel")))


def test_the_lines_of_the_parallel_guide_run(parallel, monkeypatch, capsys):
    monkeypatch.chdir(Path(parallel.path).parent)
    exec(blocks("parallel-kernels.md", "python")[0], {})
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["[1.0, 4.0, 9.0]", "6.0", str(list(range(10, 101, 10)))]


@pytest.mark.parametrize("n", [0, 1, 1000, 300_000])
def test_a_sum_is_the_same_on_any_number_of_workers(parallel, n):
    items = array.array("d", (1 / (i + 1) for i in range(n)))
    sums = set()
    for workers in (1, 2, 3):
        with cogway.Engine(native_workers=workers) as engine:
            sums.add(engine.c_spawn("parallel.sum", items).result().item())
    (found,) = sums
    assert math.isclose(found, math.fsum(items), rel_tol=1e-12, abs_tol=0)


def test_loops_of_a_call_are_counted(parallel, engine):
    items = array.array("d", range(200_000))
    squares = engine.c_spawn("parallel.square", items).result()
    assert list(memoryview(squares)[:3]) == [0.0, 1.0, 4.0]
    workers = engine.statistics().workers
    assert sum(worker.parallel_loops for worker in workers) == 1
    with pytest.raises(ValueError, match="contiguous float64"):
        engine.c_spawn("parallel.square", array.array("f", [1.0]))


@pytest.mark.slow
def test_the_pack_of_the_new_kernel_guide(tmp_path, engine):
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    (source,) = blocks("new-kernel.md", "c++")
    (tmp_path / "guide.cpp").write_text(source)
    command = [compiler, "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(
        [*command, "-I", str(include_folder()), "guide.cpp", "-o", "guide.so"],
        cwd=tmp_path,
        check=True,
    )
    cogway.load(tmp_path / "guide.so")
    scaled = engine.c_spawn("guide.scale", array.array("f", [1, 2]), factor=3).result()
    assert memoryview(scaled).tolist() == [3, 6]
    table = memoryview(array.array("f", range(6))).cast("B").cast("f", (2, 3))
    assert memoryview(engine.c_spawn("guide.row_sums", table).result()).tolist() == [3, 12]
    broken = memoryview(array.array("f", [1, math.nan])).cast("B").cast("f", (2, 1))
    with pytest.raises(cogway.KernelError, match="row 1 has a NaN"):
        engine.c_spawn("guide.row_sums", broken).result()
    with pytest.raises(ValueError, match="input 0 must be float32 of 2 dimensions"):
        engine.c_spawn("guide.row_sums", array.array("f", [1]))
