# SPDX-License-Identifier: Apache-2.0
"""Is the gain of a kernel always so large? By size, and by work for each byte."""

from harness import Case, Metric, Question

CALL = Metric("us_per_call", "µs")
SIZES = {"1 KiB": 1 << 10, "64 KiB": 1 << 16, "4 MiB": 1 << 22}
ROUNDS = (1, 16, 256)


def _rounds(count: int) -> str:
    return f"{count} round{'s' if count > 1 else ''} a byte"


QUESTION = Question(
    title="Mixing bytes: one C function, called directly, as a kernel, and what does without C",
    floor="direct",
    rounds=5,
    timeout_s=60.0,
    cases=tuple(
        Case(f"{size}, {_rounds(rounds)}", (CALL,), {"bytes": number, "rounds": rounds})
        for size, number in SIZES.items()
        for rounds in ROUNDS
    ),
)
