# SPDX-License-Identifier: Apache-2.0
"""A soak as a stored result: rows and targets like those of a question, rendered like them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Case, Metric, Question, Target, child, machine, result, run, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soak import Sample, Verdict

LEAST_SECONDS = 600.0
"""A shorter soak is a trial, and not stored."""

_CASE = "after warming up"
_POINTS = 30
_QUESTION = Question(
    title="An engine, its bus and a loading pipeline under a mix of everything, for minutes",
    floor="",
    cases=(
        Case(
            _CASE,
            (
                Metric("minutes", "min", "higher"),
                Metric("tasks", "tasks", "higher"),
                Metric("allocations_per_task", "1"),
                Metric("rss_mb", "MB"),
                Metric("rss_growth_mb", "MB"),
                Metric("left_over", "1"),
            ),
        ),
    ),
    targets=(
        Target("native allocations a task, after warming up", _CASE, "allocations_per_task", 1e-6),
        Target("growth of resident memory over the run, MB", _CASE, "rss_growth_mb", 4.0),
        Target("buffers, descriptors and threads left over at the end", _CASE, "left_over", 0.0),
    ),
)


def outcome(verdict: Verdict, samples: Sequence[Sample]) -> result.Outcome:
    """Return what a soak found as the harness holds results.

    Args:
        verdict: What it came to.
        samples: What was seen after warming up, in order; resident memory is kept at some points.
    """
    about = child.interpreter()
    host = machine.describe(len(run.choose_cpus(2)), about["python"], about["gil"], about["cogway"])
    tasks = samples[-1].tasks - samples[0].tasks
    found = {
        "minutes": [verdict.seconds / 60],
        "tasks": [float(verdict.tasks)],
        "allocations_per_task": [verdict.allocations / max(tasks, 1)],
        "rss_mb": [one.rss_mb for one in samples[:: max(1, len(samples) // _POINTS)]],
        "rss_growth_mb": [verdict.rss_after_mb - verdict.rss_before_mb],
        "left_over": [float(verdict.left_over)],
    }
    measured: result.Samples = {_CASE: {"cogway": found}}
    return result.Outcome(
        question="soak",
        title=_QUESTION.title,
        floors={_CASE: ""},
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=host.to_json(),
        slug=host.slug,
        machine_line=host.line(),
        quiet={"reasons": []},  # what others use of the processors changes none of these figures
        rounds=1,
        rows=result.rows(_QUESTION, measured),
        verdicts=result.judge(_QUESTION, measured, {_CASE}),
    )


def save(verdict: Verdict, samples: Sequence[Sample]) -> Path:
    """Store a soak beside the results of the questions.

    Raises:
        ValueError: It was too short to say anything.
    """
    if verdict.seconds < LEAST_SECONDS:
        raise ValueError(
            f"a soak of {verdict.seconds:.0f} s is a trial: {LEAST_SECONDS:.0f} s are stored"
        )
    return store.save(Path(__file__).resolve().parent, outcome(verdict, samples))
