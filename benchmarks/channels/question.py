# SPDX-License-Identifier: Apache-2.0
"""What does it cost to send a message from one process to another?"""

from harness import Case, Metric, Question, Target

P50 = Metric("p50_us", "µs")
P99 = Metric("p99_us", "µs", headline=False)
RATE = Metric("messages_per_second", "1/s", better="higher")

QUESTION = Question(
    title="Messages between two Python processes",
    floor="floor",
    rounds=7,
    cases=(
        Case("8 bytes there and back", (P50, P99), {"what": "echo"}),
        Case("4 MiB there, every page touched, 8 bytes back", (P50, P99), {"what": "pages"}),
        Case("64 bytes, many one way", (RATE,), {"what": "flood"}),
        Case("8 bytes to a task, the loop awake", (P50, P99), {"what": "awake"}),
        Case("8 bytes to a task, the loop asleep", (P50, P99), {"what": "asleep"}),
    ),
    targets=(
        Target("8 bytes there and back, blocking", "8 bytes there and back", "p50_us", 8.7),
        Target(
            "4 MiB between processes",
            "4 MiB there, every page touched, 8 bytes back",
            "p50_us",
            0.0025,
            of=("mp_queue",),
        ),
        Target(
            "awaitable receive, the loop awake",
            "8 bytes to a task, the loop awake",
            "p50_us",
            0.6,
            of=("thread_post",),
        ),
    ),
)
