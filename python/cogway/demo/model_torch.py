# SPDX-License-Identifier: Apache-2.0
"""A small convolutional network in torch, one thread: the demo's model where torch is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence


class TorchNet:
    """Three strided convolutions, a mean over places, a linear classifier; trained with Adam."""

    name = "torch"

    def __init__(self, classes: int, *, seed: int = 7, rate: float = 2e-3) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        self._net = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=4, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(64, classes),
        )
        self._optimiser = torch.optim.Adam(self._net.parameters(), lr=rate)
        self._loss = nn.CrossEntropyLoss()

    def train_step(self, batch: Any, labels: Sequence[int]) -> float:
        """Take one step on a batch; return its mean cross-entropy."""
        self._optimiser.zero_grad(set_to_none=True)
        loss = self._loss(self._net(torch.from_dlpack(batch)), torch.tensor(labels))
        loss.backward()
        self._optimiser.step()
        return float(loss.detach())

    def predict(self, batch: Any) -> list[int]:
        """Return the most likely class of each sample."""
        with torch.no_grad():
            return [int(label) for label in self._net(torch.from_dlpack(batch)).argmax(dim=1)]
