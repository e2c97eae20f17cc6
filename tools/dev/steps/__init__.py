# SPDX-License-Identifier: Apache-2.0
"""The steps of ``./dev test``: each can be run alone by its name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dev.steps import bench, cpp, demo, docs, examples, fuzz, lint, python, soak, wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.tally import Tally

REQUIRED_PYTHONS = ("3.11", "3.12", "3.13")
OPTIONAL_PYTHONS = ("3.13t", "3.14")

STEPS: dict[str, Callable[[], Tally]] = {
    "lint": lint.step,
    "unit": cpp.unit,
    "model": cpp.model,
    "tsan": cpp.tsan,
    "asan": cpp.asan,
    **{
        f"python-{tag}": functools.partial(python.step, tag, required=True)
        for tag in REQUIRED_PYTHONS
    },
    **{
        f"python-{tag}": functools.partial(python.step, tag, required=False)
        for tag in OPTIONAL_PYTHONS
    },
    "examples": examples.step,
    "bench": bench.step,
    "demo": demo.step,
    "docs": docs.step,
    "wheel": wheel.step,
    "fuzz": fuzz.short,
    "soak": soak.short,
}
"""In the order in which they run: what fails soonest comes first."""
