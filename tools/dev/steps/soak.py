# SPDX-License-Identifier: Apache-2.0
"""Soaking: the engine under load for minutes, its memory watched."""

from __future__ import annotations

from dev import ROOT, environment
from dev.console import CommandFailed, run, say
from dev.tally import Tally


def soak(seconds: float, *options: str) -> str:
    """Runs the soak for a time.

    Args:
        seconds: How long.
        options: Further words for it.

    Returns:
        What it printed.

    Raises:
        CommandFailed: Memory grew, something leaked, or a result was wrong.
    """
    env = environment.default()
    env.add("demo")
    env.install()
    command = [
        str(env.python),
        str(ROOT / "benchmarks" / "soak.py"),
        "--minutes",
        f"{seconds / 60:.2f}",
        *options,
    ]
    return run(command, log="soak", timeout=seconds + 300)


def short() -> Tally:
    """Soaks for 20 seconds."""
    tally = Tally()
    problem = None
    try:
        soak(20)
    except CommandFailed as error:
        problem = str(error)
    tally.record("soak", problem)
    return tally


def main(seconds: float, *, store: bool) -> None:
    """The long run of ``./dev soak``; its result can be kept in benchmarks/results."""
    say(f"soaking for {seconds:.0f} s; the log is build/logs/soak.log")
    say(soak(seconds, *(["--store"] if store else [])))
