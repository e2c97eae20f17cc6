# SPDX-License-Identifier: Apache-2.0
"""How late is a task of every millisecond beside a thread that computes in Python?"""

from harness import Case, Metric, Question, Target

METRICS = (Metric("p50_ms", "ms"), Metric("p99_ms", "ms"))
INTERVALS = {"5 ms": 5_000, "0.5 ms": 500, "0.05 ms": 50}

QUESTION = Question(
    title="A thread that feeds a tensor each millisecond beside a logger: how late it begins",
    floor="python",
    rounds=5,
    timeout_s=120.0,
    cases=tuple(
        Case(f"switch interval {name}", METRICS, {"interval_us": interval})
        for name, interval in INTERVALS.items()
    ),
    targets=tuple(
        Target(
            f"a native task beside a busy Python thread, p99, ms: {how}switch interval {name}",
            f"switch interval {name}",
            "p99_ms",
            0.3,
            contestant=contestant,
        )
        for contestant, how in (("cogway", ""), ("cogway_fifo", "real time, "))
        for name in INTERVALS
    ),
)
