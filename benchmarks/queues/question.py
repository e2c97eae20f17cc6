# SPDX-License-Identifier: Apache-2.0
"""What does an item cost on its way through a queue, and what does a wake-up cost?"""

from harness import Case, Metric, Program, Question, Target

ITEM = (Metric("ns_per_item", "ns"),)
TURN = (Metric("ns_rtt", "ns"),)
SLEEPING = "std::mutex + condition_variable"  # what a blocking queue is held against

QUESTION = Question(
    title="What an item costs on its way through a queue, and what waiting costs",
    floor="std::mutex + std::deque",
    rounds=5,
    timeout_s=180.0,
    program=Program("cogway_bench_queues"),
    cases=(
        Case("spsc", ITEM),
        Case("mpmc 1p1c", ITEM),
        Case("mpmc 2p2c", ITEM),
        Case("mpmc 4p4c oversubscribed", ITEM),
        Case("blocking rtt", TURN, floor=SLEEPING),
        Case("blocking rtt oversubscribed", TURN, floor=SLEEPING),
    ),
    targets=(
        Target("SPSC, ns an item", "spsc", "ns_per_item", 8.0, contestant="cogway SpscQueue"),
        Target(
            "MPMC 1p1c, ns an item", "mpmc 1p1c", "ns_per_item", 60.0, contestant="cogway MpmcQueue"
        ),
        Target(
            "MPMC 2p2c, ns an item",
            "mpmc 2p2c",
            "ns_per_item",
            160.0,
            contestant="cogway MpmcQueue",
        ),
        Target(
            "MPMC 4p4c on 2 cores, never slower than mutex + deque",
            "mpmc 4p4c oversubscribed",
            "ns_per_item",
            1.0,
            contestant="cogway MpmcQueue",
            of=("std::mutex + std::deque",),
        ),
    ),
)
