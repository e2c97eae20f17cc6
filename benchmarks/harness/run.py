# SPDX-License-Identifier: Apache-2.0
"""One run of a question: every contestant side by side, in interleaved rounds."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness import machine, program, quiet, result
from harness.child import interpreter
from harness.group import Child, ContestantError, Group, start_hogs, stop_hogs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.question import Case, Question


class NotQuietError(Exception):
    """The machine is not quiet, and the run was not forced."""


@dataclass(slots=True, kw_only=True)
class Options:
    """How to run."""

    rounds: int | None = None
    quick: bool = False
    force: bool = False
    patience_s: float = 0.0
    look_s: float = 1.0  # how long the machine is watched before the run
    count: int | None = None  # N, for C++ programs
    cases: tuple[str, ...] = ()  # only cases whose name holds one of these
    only: tuple[str, ...] = ()  # of the peers only these; cogway and the floor always run
    python: str = sys.executable
    own_load: bool = False  # the load average holds work of this very command
    builds: tuple[Path, ...] = ()  # where programs may lie
    say: Callable[[str], None] = field(default=lambda line: None)


@dataclass(slots=True)
class _Run:
    question: Question
    options: Options
    group: Group
    samples: result.Samples = field(default_factory=dict)
    outcome: result.Outcome | None = None


def choose_cpus(cores: int) -> list[int]:
    """Return the processors of the run: the first `cores` that this process may use."""
    return sorted(os.sched_getaffinity(0))[:cores]


def run(question: Question, options: Options) -> result.Outcome:
    """Measure a question.

    Raises:
        NotQuietError: others use the machine and `force` is off.
        built.NotBuiltError: the C++ program of the question is not built.
        program.ProgramError: it failed.
    """
    cpus = choose_cpus(question.cores)
    before = os.sched_getaffinity(0)
    group = Group()
    os.sched_setaffinity(0, cpus)
    try:
        return _run(question, options, group, cpus)
    finally:
        group.close()
        os.sched_setaffinity(0, before)


def _run(question: Question, options: Options, group: Group, cpus: list[int]) -> result.Outcome:
    watch = quiet.Watch(cpus, group.cpu_seconds)
    first = quiet.wait_until_quiet(
        watch,
        lambda: None if options.own_load else quiet.load_per_core(len(cpus)),
        patience_s=options.patience_s,
        look_s=options.look_s,
    )
    if first.reasons() and not options.force:
        raise NotQuietError("; ".join(first.reasons()))
    cases = _cases(question, options)
    about: dict[str, object] = {}
    state = _Run(question, options, group)
    outcome = state.outcome = result.Outcome(
        question=question.name,
        title=question.title,
        floors={case.name: case.floor or question.floor for case in cases},
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine={},
        slug="",
        machine_line="",
        quiet={},
        rounds=options.rounds or question.rounds,
    )
    watch.start()
    if question.program is not None:
        program.measure(question, question.program, options, group, state.samples, outcome)
        about = interpreter()
    children = _start(state)
    try:
        for child in children:
            about = {**about, **{k: v for k, v in child.hello.items() if k not in _OF_CHILD}}
        for case in cases:
            _measure_case(state, children, case, len(cpus))
    finally:
        for child in children:
            child.close()
    during = watch.read()
    host = machine.describe(
        len(cpus),
        str(about.get("python", "")),
        bool(about.get("gil", True)),
        str(about["cogway"]) if about.get("cogway") else None,
    )
    outcome.machine, outcome.slug, outcome.machine_line = host.to_json(), host.slug, host.line()
    reasons = dict.fromkeys(
        [f"before: {reason}" for reason in first.reasons()]
        + [f"during: {reason}" for reason in during.reasons()]
    )
    outcome.quiet = {
        "before": first.to_json(),
        "during": during.to_json(),
        "reasons": list(reasons),
    }
    outcome.rows = result.rows(question, state.samples)
    outcome.verdicts = result.judge(question, state.samples, {case.name for case in cases})
    outcome.labels = {**outcome.labels, **question.labels}
    return outcome


_OF_CHILD = ("label", "version")


def _cases(question: Question, options: Options) -> list[Case]:
    chosen = [
        case
        for case in question.cases
        if not options.cases or any(part in case.name for part in options.cases)
    ]
    return [dataclasses.replace(case, quick=options.quick) for case in chosen]


def _start(state: _Run) -> list[Child]:
    children = []
    outcome = state.outcome
    assert outcome is not None
    question, options = state.question, state.options
    for path in question.contestants():
        if options.only and path.stem not in {*options.only, "cogway", question.floor}:
            continue
        try:
            child = Child(
                state.group, path, options.python, question.timeout_s, question.environment
            )
        except ContestantError as error:
            outcome.failed[path.stem] = str(error)
            continue
        if "absent" in child.hello:
            outcome.absent[path.stem] = child.hello["absent"]
            child.close()
        elif "error" in child.hello:
            outcome.failed[path.stem] = child.hello["error"].strip()
            child.close()
        else:
            outcome.labels[path.stem] = child.hello["label"]
            outcome.versions[path.stem] = child.hello["version"]
            children.append(child)
    return children


def _measure_case(state: _Run, children: list[Child], case: Case, cores: int) -> None:
    rounds = state.options.rounds or case.rounds or state.question.rounds
    outcome = state.outcome
    assert outcome is not None
    taking_part = list(children)
    with contextlib.ExitStack() as stack:
        if case.hogs:
            hogs = start_hogs(state.group, cores)
            stack.callback(stop_hogs, hogs)
        # Round 0 warms up: caches, code paths, what a loop or a pool learns. It is not kept.
        for number in range(rounds + 1):
            state.options.say(f"{state.question.name}: {case.name}: round {number} of {rounds}")
            for child in list(taking_part):
                try:
                    message = child.measure(case)
                except ContestantError as error:
                    outcome.failed.setdefault(child.name, f"{case.name}: {error}")
                    taking_part.remove(child)
                    if not child.alive:
                        children.remove(child)
                        child.close()
                    continue
                if "refused" in message:
                    outcome.refused.setdefault(child.name, {})[case.name] = message["refused"]
                    taking_part.remove(child)
                elif number:
                    kept = state.samples.setdefault(case.name, {}).setdefault(child.name, {})
                    for name, value in message["values"].items():
                        kept.setdefault(name, []).append(value)
