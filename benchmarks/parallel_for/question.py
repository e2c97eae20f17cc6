# SPDX-License-Identifier: Apache-2.0
"""How much faster is a parallel loop on two workers than on one?"""

from harness import Case, Metric, Program, Question, Target

METRICS = (
    Metric("speedup", "×", better="higher"),
    Metric("ms", "ms", headline=False),
    Metric("ms_one", "ms", headline=False),
)

QUESTION = Question(
    title="A parallel loop over two workers against the same over one, by how long it takes",
    floor="pinned threads",
    rounds=9,
    timeout_s=180.0,
    program=Program("cogway_bench_parallel_for"),
    cases=tuple(Case(name, METRICS) for name in ("10 ms", "1 ms", "100 µs")),
    labels={"pinned threads": "two pinned threads, halves fixed before"},
    targets=(
        Target(
            "parallel_for of a 10 ms body, two workers against one",
            "10 ms",
            "speedup",
            1.9,
            relation=">=",
        ),
        Target(
            "the same against the control pair of pinned threads",
            "10 ms",
            "speedup",
            0.95,
            relation=">=",
            of=("pinned threads",),
        ),
    ),
)
