# SPDX-License-Identifier: Apache-2.0
"""How long the demo may take in all, and what that leaves for each training."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESERVE = 6.0
"""Seconds kept for what is drawn and written at the end."""


class Budget:
    """The demo's time: trainings share what is left, less what each needs around its training.

    A process has to start, import and plan before it trains, and to name what was held out after
    every epoch. How long that takes is learnt from the trainings that have ended.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic, around: float = 3.0
    ) -> None:
        """Start the clock.

        Args:
            seconds: What all of it may take.
            clock: The time in seconds.
            around: What a training is thought to need around it, until one has ended.
        """
        self.seconds = seconds
        self._clock = clock
        self._began = clock()
        self._around = around

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    def share(self, wanted: float, trainings: int) -> float:
        """Return how many seconds the next of so many trainings may train: at least one."""
        left = self.seconds - RESERVE - self.spent
        return max(1.0, min(wanted, left / trainings - self._around))

    @contextmanager
    def measure(self) -> Iterator[Callable[[float], None]]:
        """Learn what a training needs around it: call what this gives with its own seconds."""
        began = self._clock()
        trained: list[float] = []
        yield trained.append
        self._around = max(self._around, self._clock() - began - sum(trained))
