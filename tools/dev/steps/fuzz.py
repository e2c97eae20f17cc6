# SPDX-License-Identifier: Apache-2.0
"""Fuzzing: each libFuzzer target over its corpus, under the address sanitizer."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dev import ROOT, machine
from dev.console import CommandFailed, run, say
from dev.steps.cpp import configure
from dev.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path


def targets() -> list[Path]:
    """Builds the fuzz targets and finds them: build/fuzz/**/fuzz_<noun>."""
    machine.require("fuzz")
    machine.require("test")
    folder = configure("fuzz")
    found = folder.rglob("fuzz_*")
    return sorted(path for path in found if path.is_file() and path.stat().st_mode & 0o111)


def fuzz(target: Path, seconds: int) -> None:
    """Runs one target.

    What it finds on the way is kept in build/fuzz-corpus/<noun>; an input that breaks it is written
    to build/fuzz-findings/.

    Raises:
        CommandFailed: The target crashed, leaked or hung on some input.
    """
    noun = target.name.removeprefix("fuzz_")
    grown = ROOT / "build" / "fuzz-corpus" / noun
    grown.mkdir(parents=True, exist_ok=True)
    findings = ROOT / "build" / "fuzz-findings"
    findings.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "tests" / "fuzz" / "corpus" / noun
    corpora = [grown, *([seeds] if seeds.is_dir() else [])]
    options = [
        f"-max_total_time={seconds}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    run(
        [target, f"-artifact_prefix={findings}/{noun}-", *options, *corpora],
        log=f"fuzz-{noun}",
        timeout=seconds + 120,
    )


def short() -> Tally:
    """Every target for ten seconds."""
    tally = Tally()
    for target in targets():
        problem = None
        try:
            fuzz(target, 10)
        except CommandFailed as error:
            problem = str(error)
        tally.record(target.name, problem)
    if tally.passed + tally.failed == 0:
        tally.record("fuzz", "no target was built")
    return tally


def main(seconds: int, only: list[str], *, fresh: bool) -> None:
    """The long run of ``./dev fuzz``.

    Args:
        seconds: For each target.
        only: Nouns of the targets to run; all when empty.
        fresh: Whether to forget what earlier runs found.
    """
    if fresh:
        shutil.rmtree(ROOT / "build" / "fuzz-corpus", ignore_errors=True)
    chosen = [path for path in targets() if not only or path.name.removeprefix("fuzz_") in only]
    if not chosen:
        raise CommandFailed(f"no fuzz target is called {' or '.join(only) or 'fuzz_*'}")
    for target in chosen:
        say(f"{target.name}: {seconds} s")
        fuzz(target, seconds)
