# SPDX-License-Identifier: Apache-2.0
"""What happens when kernels that use OpenMP run at once, and what does a budget do about it?"""

from harness import Case, Metric, Question

METRICS = (
    Metric("ms_per_task", "ms"),
    Metric("threads", "a task", headline=False),
    Metric("switches_per_task", "involuntary", headline=False),
)

QUESTION = Question(
    title="Kernels with OpenMP inside, one alone and many at once on two native workers",
    floor="one_thread",
    rounds=7,
    timeout_s=120.0,
    cases=(
        Case("one task alone", METRICS, {"tasks": 1}),
        Case("8 tasks at once", METRICS, {"tasks": 8}),
    ),
)
