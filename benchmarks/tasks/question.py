# SPDX-License-Identifier: Apache-2.0
"""What does an empty task cost, submitted from one thread to two workers?"""

from harness import Case, Metric, Program, Question, Target

QUESTION = Question(
    title="What an empty task costs, 10⁶ of them from one thread to two native workers",
    floor="mutex pool",
    rounds=15,
    timeout_s=180.0,
    program=Program("cogway_bench_tasks"),
    cases=(
        Case("outside submit", (Metric("ns_per_task", "ns"),)),
        Case("submit one + wait", (Metric("ns_rtt", "ns"),)),
    ),
    targets=(
        Target(
            "10⁶ empty tasks, ns a task, ahead of every peer",
            "outside submit",
            "ns_per_task",
            1.0,
            of=("*",),
        ),
    ),
)
