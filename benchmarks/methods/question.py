# SPDX-License-Identifier: Apache-2.0
"""What does a call of a ticket's method cost?"""

from harness import Case, Metric, Question, Target

NS = Metric("ns_per_call", "ns")

QUESTION = Question(
    title="What a no-argument method of a ticket costs, called from Python",
    floor="floor",
    rounds=9,
    cases=(Case("ticket.done()", (NS,)),),
    targets=(
        Target("a ticket's no-argument method", "ticket.done()", "ns_per_call", 1.3, of=("floor",)),
    ),
)
