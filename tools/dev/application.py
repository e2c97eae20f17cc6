# SPDX-License-Identifier: Apache-2.0
"""The verbs that run cogway itself: the demo and the benchmarks."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dev import ROOT, environment, interpreters, machine, photographs
from dev.console import CommandFailed, say
from dev.steps import bench as bench_step

if TYPE_CHECKING:
    from pathlib import Path

    from dev.environment import Environment


def _replace(program: Path, words: list[str]) -> None:
    """Becomes the program: its exit status and its terminal are ours."""
    sys.stdout.flush()
    os.execv(program, [str(program), *words])


def demo_environment() -> Environment:
    """The environment that the demo runs in, set up with all that it needs.

    It stands where a processor-only torch can be had, else on the chosen interpreter with numpy.
    """
    machine.require("build")
    photographs.install()
    env = None if os.environ.get("PYTHON") else environment.with_torch()
    if env is None:
        env = environment.default()
        version = env.interpreter.version
        if env.add_optional(environment.TORCH):
            say(f"no processor-only torch for Python {version}: the demo trains with numpy")
    env.add("demo")
    env.install()
    return env


def demo(words: list[str]) -> None:
    """Sets everything up and becomes ``cogway demo``."""
    env = demo_environment()
    say(f"cogway is installed in {env.folder.name}/: {env.python.relative_to(ROOT)}")
    _replace(env.program("cogway"), ["demo", *words])


def bench(words: list[str]) -> None:
    """Builds floors and peers, then becomes ``cogway bench``: all questions by default."""
    _replace(bench_step.build().program("cogway"), ["bench", *(words or ["--all"])])


def clean(*, everything: bool) -> None:
    """Removes what ``./dev`` made in this checkout: build trees, and environments when asked."""
    folders = [ROOT / "build", ROOT / "dist", ROOT / "demo-output"]
    if everything:
        folders += [ROOT / ".venv", *(ROOT.glob(".venv-*"))]
    present = [folder for folder in folders if folder.exists()]
    for folder in present:
        say(f"removing {folder.relative_to(ROOT)}/")
    if present:  # build/ holds the log of this very command, so rm works without one
        code = os.spawnvp(os.P_WAIT, "rm", ["rm", "-rf", *map(str, present)])
        if code != 0:
            raise CommandFailed(f"rm ended with status {code}")


def python_report() -> str:
    """One line an interpreter, for ``./dev help``."""
    lines = [
        f"  {found.tag:6} {found.version:10} {found.path}" for found in interpreters.installed()
    ]
    return "\n".join(lines) or "  none"
