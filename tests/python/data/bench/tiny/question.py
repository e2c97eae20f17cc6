# SPDX-License-Identifier: Apache-2.0
"""A question whose answers are known: contestants return numbers, they measure nothing."""

from harness import Case, Metric, Question, Target

COST = Metric("cost", "ns")
SPEED = Metric("speed", "1/s", "higher")

QUESTION = Question(
    title="A question whose answers are known",
    floor="floor",
    rounds=3,
    cores=1,
    timeout_s=20.0,
    cases=(
        Case("plain", (COST, SPEED), {"factor": 1}),
        Case("doubled", (COST,), {"factor": 2}),
    ),
    targets=(
        Target("cost at most 1.5 x the floor", "plain", "cost", 1.5, of=("floor",)),
        Target("cost at most 1.1 x the floor", "plain", "cost", 1.1, of=("floor",)),
        Target(
            "faster than every peer", "plain", "speed", 1.0, ">=", of=("*",), exclude=("floor",)
        ),
        Target("at most 25 ns", "doubled", "cost", 25.0),
    ),
)
