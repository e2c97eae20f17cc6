# SPDX-License-Identifier: Apache-2.0
"""What is trained, whoever feeds it: sizes, augmentation, seeds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training: the same for every feed."""

    size: int = 128
    batch: int = 64
    epochs: int = 4
    seconds: float = 25.0
    budget: float = 110.0
    seed: int = 2026
    scale: tuple[float, float] = (0.25, 1.0)
    flip: float = 0.5
    mean: tuple[float, float, float] = (0.45, 0.45, 0.40)
    std: tuple[float, float, float] = (0.25, 0.25, 0.25)
    workers: int = 2
    prefetch: int = 4
