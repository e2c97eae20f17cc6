# SPDX-License-Identifier: Apache-2.0
"""The bytes, the rule x → (5 x + 17) mod 256, and the clock."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Case

_LEAST_S = 0.02  # of calls in a round


def given(case: Case) -> bytes:
    """Return the bytes of a case."""
    return random.Random(4).randbytes(case.number("bytes"))


def mixed(case: Case) -> bytes:
    """Return what they become."""
    table = bytes(range(256))
    for _ in range(case.number("rounds")):
        table = bytes((5 * value + 17) & 255 for value in table)
    return given(case).translate(table)


def library() -> Path:
    """Return the shared object of `kernels/mix.c`."""
    return compiled.c(Path(__file__).parent / "kernels" / "mix.c")


def microseconds(case: Case, call: Callable[[], Any]) -> dict[str, float]:
    """Check the first result, and time as many calls as make a round.

    Raises:
        RuntimeError: a byte differs.
    """
    if bytes(call()) != mixed(case):
        raise RuntimeError("the bytes differ from (5 x + 17) mod 256")
    began = time.perf_counter()
    call()
    once = time.perf_counter() - began
    turns = 1 if case.quick else max(1, int(_LEAST_S / max(once, 1e-7)))
    began = time.perf_counter()
    for _ in range(turns):
        call()
    return {"us_per_call": (time.perf_counter() - began) / turns * 1e6}
