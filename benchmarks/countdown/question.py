# SPDX-License-Identifier: Apache-2.0
"""Counting down and waiting: which of them do more threads help?"""

from harness import Case, Metric, Question

MS = Metric("ms", "ms")
LATE = Metric("late_ms", "ms")
PARTS = (1, 2, 4, 8)


def _parts(count: int) -> str:
    return f"{count} part{'s' if count > 1 else ''}"


QUESTION = Question(
    title="4,000,000 steps of Python counted down, beside 16 replies waited for",
    floor="sequential",
    rounds=5,
    timeout_s=60.0,
    cases=(
        *(
            Case(f"counting down in {_parts(parts)}", (MS,), {"do": "count", "parts": parts})
            for parts in PARTS
        ),
        Case("counting down beside a loop", (LATE, MS), {"do": "beside", "parts": 2}),
        *(
            Case(f"waiting for a server in {_parts(parts)}", (MS,), {"do": "io", "parts": parts})
            for parts in PARTS
        ),
    ),
)
