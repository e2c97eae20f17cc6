# SPDX-License-Identifier: Apache-2.0
"""The share of OpenMP's threads that a kernel gets."""

from __future__ import annotations

from pathlib import Path

import cogway
import kernel_packs
import pytest

_TEAM = """
import sys
sys.path.insert(0, FOLDER)
import kernel_packs, cogway
kernel_packs.load_pack("openmp", "-fopenmp")
assert any("omp" in path for path in cogway.thread_pools())
"""


@pytest.fixture
def team(script):
    """Run lines in a child whose OpenMP would use eight threads."""

    def run(*lines: str, **environment: str) -> None:
        folder = repr(str(Path(kernel_packs.__file__).parent))
        source = _TEAM.replace("FOLDER", folder) + "\n".join(lines)
        script(source, **{"OMP_NUM_THREADS": "8", **environment})

    kernel_packs.load_pack("posting")  # skips where there is no compiler
    return run


@pytest.mark.slow
def test_a_fixed_number_and_none(team):
    team(
        "for given, expected in ((1, 1), (3, 3), (100, 8), (None, 8)):",
        "    with cogway.Engine(native_workers=1, openmp_threads=given) as engine:",
        "        assert engine.c_spawn('omp.team').result().item() == expected, given",
        "        (worker,) = [w for w in engine.statistics().workers",
        "                     if w.worker_class == 'foreground']",
        "        assert worker.thread_budget == (given or 0)",
    )


@pytest.mark.slow
def test_by_itself_a_lone_kernel_gets_the_processors(team):
    team(
        "usable = cogway.processors()['usable']",
        "with cogway.Engine(native_workers=2) as engine:",
        "    assert engine.c_spawn('omp.team').result().item() == min(8, usable)",
    )


@pytest.mark.slow
def test_an_idle_worker_keeps_no_threads_of_openmp(team):
    team(
        "import os",
        "def threads():",
        "    return len(os.listdir('/proc/self/task'))",
        "with cogway.Engine(native_workers=2) as engine:",
        "    engine.c_spawn('core.noop').result()",
        "    before = threads()",
        "    for _ in range(20):",
        "        assert engine.c_spawn('omp.team').result().item() >= 1",
        "        while threads() > before:",
        "            pass  # a thread that nobody ends ends the patience of the test",
    )


@pytest.mark.slow
def test_prange_of_cython_keeps_to_the_share(team, tmp_path):
    pytest.importorskip("Cython", reason="Cython has no wheel for this interpreter")
    source = """
from cython.parallel cimport prange
from libc.stdint cimport int64_t
cimport openmp

cdef api int64_t team(int64_t n) noexcept nogil:
    cdef int64_t i
    cdef int64_t total = 0
    for i in prange(n):
        total += openmp.omp_get_num_threads()
    return total // n
"""
    team(
        "from pathlib import Path",
        "import extension_modules",
        f"source, folder = {source!r}, Path({str(tmp_path)!r})",
        "made = extension_modules.from_cython('prange_team', source, folder, '-fopenmp')",
        "function = made.__pyx_capi__['team']",
        "for threads in (1, 3):",
        "    with cogway.Engine(native_workers=1, openmp_threads=threads) as engine:",
        "        assert engine.c_spawn(function, 60, nogil=True).result() == threads",
        "        assert engine.c_map(function, [60] * 8, nogil=True).result() == [threads] * 8",
    )


@pytest.mark.slow
def test_from_the_environment(team):
    team(
        "with cogway.Engine(native_workers=1) as engine:",
        "    assert engine.c_spawn('omp.team').result().item() == 2",
        COGWAY_OPENMP_THREADS="2",
    )


def test_wrong_numbers_are_refused():
    for wrong in (0, -1, 1.5):
        with pytest.raises(ValueError, match="openmp_threads"):
            cogway.Engine(openmp_threads=wrong)
