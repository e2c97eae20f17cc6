# SPDX-License-Identifier: Apache-2.0
"""A loop in Python, as far as it is bearable."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

data: Any = sibling(__file__, "_bytes")

_MOST = 1 << 20  # steps


def mix(given: bytes, rounds: int) -> bytearray:
    """Mix byte by byte."""
    out = bytearray(given)
    for i, value in enumerate(out):
        for _ in range(rounds):
            value = (5 * value + 17) & 255
        out[i] = value
    return out


class PythonLoop(Contestant):
    label = "Python, a loop"

    def refuses(self, case: Case) -> str | None:
        if case.number("bytes") * case.number("rounds") > _MOST:
            return "it would take too long"
        return None

    def measure(self, case: Case) -> dict[str, float]:
        given, rounds = data.given(case), case.number("rounds")
        return data.microseconds(case, lambda: mix(given, rounds))
