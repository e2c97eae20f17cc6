# SPDX-License-Identifier: Apache-2.0
"""The cost of one statement of Python, the loop around it subtracted."""

from __future__ import annotations

import timeit
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNROLLED = 10


def nanoseconds(statement: str, names: Mapping[str, object], loops: int, slices: int) -> float:
    """Return the least cost of a statement over `slices` slices of `loops` × 10 of it.

    `names` are local variables to it.
    """
    return max(0.0, _least(statement, names, loops, slices) - _least("pass", names, loops, slices))


def _least(statement: str, names: Mapping[str, object], loops: int, slices: int) -> float:
    timer = timeit.Timer(
        "\n".join([statement] * _UNROLLED),
        "\n".join(f"{name} = _names[{name!r}]" for name in names) or "pass",
        globals={"_names": names},
    )
    return min(timer.repeat(slices, loops)) / (loops * _UNROLLED) * 1e9
