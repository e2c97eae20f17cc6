# SPDX-License-Identifier: Apache-2.0
"""The frames, the rule, and the clock that every contestant shares.

gray = (77 R + 150 G + 29 B + 128) >> 8: the weights 0.299, 0.587 and 0.114 in 256ths, rounded
half up. Each contestant's first frame is compared with numpy's by this rule, byte by byte.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Case

HEIGHT, WIDTH = 2160, 3840
COUNT = 4  # input and output of so many: more than a cache holds

_frames: list[Any] = []


def frames() -> list[Any]:
    """Return the frames, u8[2160, 3840, 3]."""
    if not _frames:
        random = np.random.default_rng(4)
        _frames.extend(
            random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(COUNT)
        )
    return _frames


def gray_of(frame: Any) -> Any:
    """Return the gray frame by the rule, in 16-bit steps that cannot overflow."""
    wide = frame.astype(np.uint16)
    total = 77 * wide[..., 0] + 150 * wide[..., 1] + 29 * wide[..., 2] + np.uint16(128)
    return (total >> 8).astype(np.uint8)


def check(frame: Any, found: Any) -> None:
    """Compare with the rule.

    Raises:
        RuntimeError: a pixel differs.
    """
    if not np.array_equal(np.asarray(found), gray_of(frame)):
        raise RuntimeError("the pixels differ from (77 R + 150 G + 29 B + 128) >> 8")


def outputs() -> list[Any]:
    """Return places for the gray frames, touched."""
    return [np.ones((HEIGHT, WIDTH), np.uint8) for _ in range(COUNT)]


def milliseconds(
    case: Case, convert: Callable[[int], object], full: int = 40, quick: int = 2
) -> dict[str, float]:
    """Time `convert(index of a frame)`, from the call until the pixels are there."""
    turns = case.count(full, quick)
    if turns > 1:
        convert(0)
    began = time.perf_counter()
    for turn in range(turns):
        convert(turn % COUNT)
    return {"ms_per_frame": (time.perf_counter() - began) / turns * 1e3}
