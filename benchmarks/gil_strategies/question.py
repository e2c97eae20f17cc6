# SPDX-License-Identifier: Apache-2.0
"""What does Python in parallel cost, and gain, on each kind of worker?"""

from harness import Case, Metric, Question, Target

SPEED = Metric("jobs_per_second", "1/s", better="higher")
EACH = Metric("us_per_call", "µs")
P50 = Metric("p50_us", "µs")
MS = Metric("ms", "ms")

QUESTION = Question(
    title="Python functions on other workers than the calling thread",
    floor="floor",
    rounds=7,
    timeout_s=120.0,
    cases=(
        Case("pure Python, 1 worker", (SPEED,), {"what": "work", "workers": 1}),
        Case("pure Python, 2 workers", (SPEED,), {"what": "work", "workers": 2}),
        Case("a tiny call, awaited", (P50,), {"what": "await", "workers": 1}),
        Case("2,000 tiny calls, mapped", (EACH,), {"what": "map", "workers": 2}),
        Case("2,000 tiny calls, each by itself", (EACH,), {"what": "bulk", "workers": 2}),
        Case("an array of 4 MiB there and back", (P50,), {"what": "array", "workers": 1}),
        Case("a worker started, and its first call", (MS,), {"what": "start", "workers": 1}),
    ),
    targets=(
        Target(
            "2 workers against the loop in one thread (at least 1.9 times its jobs)",
            "pure Python, 2 workers",
            "jobs_per_second",
            1 / 1.9,
            of=("floor",),
        ),
        Target("a tiny call, awaited, in µs", "a tiny call, awaited", "p50_us", 15.0),
        Target("tiny calls in bulk, in µs", "2,000 tiny calls, mapped", "us_per_call", 3.0),
        Target(
            "an array of 4 MiB, 50 times faster than a process pool",
            "an array of 4 MiB there and back",
            "p50_us",
            1 / 50,
            of=("process_pool",),
        ),
        Target(
            "a worker process started, in ms", "a worker started, and its first call", "ms", 60.0
        ),
    ),
)
