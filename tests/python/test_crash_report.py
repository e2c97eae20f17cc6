# SPDX-License-Identifier: Apache-2.0
"""A kernel that ends the process is named on standard error, and changes nothing else."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from pathlib import Path

import cogway
import pytest

SOURCE = Path(__file__).parent / "data" / "crash" / "crash.c"
HEADERS = Path(__file__).parents[2] / "include"  # where the package is a build tree's

CALL = """
import faulthandler, sys
import cogway
{before}
cogway.load({pack!r})
engine = cogway.Engine(name="shop", native_workers={workers})
{after}
engine.c_spawn({kernel!r}, {parameters}).result(timeout=60)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> str:
    """Compile the pack as a user would, where there is a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("this machine has no C compiler")
    made = tmp_path_factory.mktemp("crash") / "crash.so"
    flags = ["-g", "-O1", "-shared", "-fPIC", f"-I{cogway.get_include()}", f"-I{HEADERS}"]
    subprocess.run([compiler, *flags, SOURCE, "-o", made], check=True)
    return str(made)


@pytest.fixture
def crash(pack, script):
    """Crash a child in a kernel; return how it ended and what it wrote."""

    def run(
        how: str | None = None,
        *,
        kernel: str = "crash.now",
        before: str = "faulthandler.disable()",
        after: str = "",
        workers: int = 1,
        **environment: str,
    ):
        parameters = "" if how is None else f"how={how!r}"
        source = CALL.format(
            pack=pack,
            kernel=kernel,
            parameters=parameters,
            before=before,
            after=after,
            workers=workers,
        )
        return script(source, check=False, **environment)

    # No core files of crashes that are meant.
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    yield run
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.mark.parametrize(
    ("how", "number", "name"),
    [
        ("null", signal.SIGSEGV, "SIGSEGV"),
        ("abort", signal.SIGABRT, "SIGABRT"),
        ("trap", signal.SIGILL, "SIGILL"),
        ("deep", signal.SIGSEGV, "SIGSEGV"),
        ("parallel", signal.SIGSEGV, "SIGSEGV"),
    ],
)
def test_the_kernel_is_named_and_the_signal_is_what_it_was(crash, how, number, name):
    ended = crash(how, workers=2)
    assert ended.returncode == -number
    assert f"cogway: {name} in kernel 'crash.now' on thread cw-native-" in ended.stderr
    assert "of engine 'shop'" in ended.stderr
    if how == "null":
        assert "address 0x10 is not mapped" in ended.stderr
        assert "crash.so; its line: addr2line" in ended.stderr
    if how == "deep":
        assert "beyond the end of the stack" in ended.stderr


def test_the_line_is_where_the_report_says(crash):
    if shutil.which("addr2line") is None:
        pytest.skip("this machine has no addr2line")
    report = crash("null").stderr
    command = report.partition("its line: ")[2].splitlines()[0].split()
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(
        number
        for number, text in enumerate(SOURCE.read_text().splitlines(), 1)
        if "case NULL_POINTER" in text
    )
    assert f"crash.c:{line + 1}" in found


def test_a_crash_in_describe_is_named_on_the_thread_of_the_caller(crash):
    ended = crash(kernel="crash.describe")
    assert ended.returncode == -signal.SIGSEGV
    assert "in describe() of kernel 'crash.describe' on thread " in ended.stderr


@pytest.mark.parametrize("order", ["before", "after"])
def test_faulthandler_dumps_as_well_whichever_came_first(crash, order):
    enable = "faulthandler.enable()"
    off = "faulthandler.disable()"
    ended = crash("null", before=enable if order == "before" else off, after=enable)
    assert ended.returncode == -signal.SIGSEGV
    assert "in kernel 'crash.now'" in ended.stderr
    assert "Fatal Python error: Segmentation fault" in ended.stderr
    assert ended.stderr.count("cogway: SIGSEGV") == 1


def test_the_report_can_be_turned_off(crash):
    ended = crash("null", COGWAY_CRASH_REPORT="0")
    assert ended.returncode == -signal.SIGSEGV
    assert "cogway: SIG" not in ended.stderr


def test_a_variable_that_cannot_be_read_is_refused(crash):
    ended = crash("null", COGWAY_CRASH_REPORT="loud")
    assert ended.returncode == 1
    assert "COGWAY_CRASH_REPORT='loud'" in ended.stderr


def test_a_crash_elsewhere_is_not_ours_to_report(crash):
    after = "import ctypes; ctypes.string_at(16)"
    ended = crash("null", after=after)
    assert ended.returncode == -signal.SIGSEGV
    assert "cogway: SIG" not in ended.stderr
