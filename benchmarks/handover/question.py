# SPDX-License-Identifier: Apache-2.0
"""What does it cost to hand 4 MiB from a native worker to Python?"""

from harness import Case, Metric, Question, Target

P50 = Metric("p50_us", "µs")
P99 = Metric("p99_us", "µs", headline=False)

QUESTION = Question(
    title="Handing a warm buffer of 4 MiB from a native worker to Python, every page touched there",
    floor="floor",
    rounds=7,
    cases=(
        Case("awaited on a loop", (P50, P99), {"loop": True}),
        Case("result() on a thread", (P50, P99), {"loop": False}),
    ),
    targets=(Target("hand-over of a warm 4 MiB buffer", "awaited on a loop", "p50_us", 25.0),),
)
