# SPDX-License-Identifier: Apache-2.0
"""C++ tests: one build tree a preset, ctest, and what each sanitizer is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev import ROOT, machine
from dev.console import CommandFailed, run
from dev.tally import Tally, from_junit

if TYPE_CHECKING:
    from pathlib import Path


def configure(preset: str, *settings: str) -> Path:
    """Configures and builds a preset.

    Args:
        preset: Its name in CMakePresets.json.
        settings: Further words for cmake.

    Returns:
        Its build folder.

    Raises:
        CommandFailed: CMake or the compiler failed.
    """
    env = machine.compiler_cache(ROOT)
    run(["cmake", "--preset", preset, *settings], log=preset, env=env)
    build = ["cmake", "--build", "--preset", preset, "-j", str(machine.cores())]
    if preset == "dev":  # the preset builds everything; the model tests have their own tree
        build += ["--target", "cogway_tests"]
    run(build, log=preset, env=env)
    return ROOT / "build" / preset


def _ctest(
    preset: str,
    *,
    env: dict[str, str] | None = None,
    prefix: list[str] | None = None,
    labels: str | None = None,
    jobs: int = 1,
) -> Tally:
    machine.require("test")
    folder = configure(preset)
    report = folder / "junit.xml"
    report.unlink(missing_ok=True)
    select = ["-LE", "model"] if labels is None else ["-L", labels]
    options = ["--output-on-failure", "--no-tests=error", "-j", str(jobs), "--timeout", "300"]
    command = [*(prefix or []), "ctest", "--test-dir", str(folder), "--output-junit", str(report)]
    problem = None
    try:
        run([*command, *options, *select], log=preset, env=env)
    except CommandFailed as error:
        problem = str(error)
    tally = from_junit(report)
    if problem is not None:
        if tally.failed == 0:
            tally.failed = 1
        tally.notes.append(problem)
    return tally


# A request beyond all memory is refused, as without a sanitizer: what then follows is under test.
_ALLOCATOR = "allocator_may_return_null=1"


def unit() -> Tally:
    """Unit, pack and stress tests, in one thread of tests: what they count is time and threads."""
    return _ctest("dev")


def model() -> Tally:
    """Model tests: each explores schedules on one thread, so as many run as there are cores."""
    return _ctest("model", labels="model", jobs=machine.cores())


def tsan() -> Tally:
    """The same tests under the thread sanitizer."""
    options = f"halt_on_error=1:second_deadlock_stack=1:history_size=7:{_ALLOCATOR}"
    return _ctest("tsan", env={"TSAN_OPTIONS": options}, prefix=machine.fixed_addresses())


def asan() -> Tally:
    """The same tests under the address and undefined-behaviour sanitizers, leaks included."""
    return _ctest(
        "asan",
        env={
            "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:"
            + _ALLOCATOR,
            "UBSAN_OPTIONS": "print_stacktrace=1",
        },
        jobs=machine.cores(),
    )
