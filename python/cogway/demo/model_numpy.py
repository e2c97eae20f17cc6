# SPDX-License-Identifier: Apache-2.0
"""A small convolutional network in numpy, trained with Adam, for where torch is absent.

Patches of 8x8 pixels become 48 channels (a convolution whose stride is its width is one matrix
product), a 1x1 convolution mixes them, the mean over all patches feeds a linear classifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

PATCH = 8
CHANNELS = 48
HIDDEN = 96


class NumpyNet:
    """A three-layer convolutional classifier over float32 batches of shape [n, 3, h, w]."""

    name = "numpy"

    def __init__(self, classes: int, *, seed: int = 7, rate: float = 3e-3) -> None:
        draw = np.random.default_rng(seed)

        def layer(inputs: int, outputs: int) -> Array:
            scale = float(np.sqrt(2.0 / inputs))
            drawn: Array = draw.standard_normal((inputs, outputs)).astype(np.float32)
            return drawn * np.float32(scale)

        self._weights: list[Array] = [
            layer(3 * PATCH * PATCH, CHANNELS),
            np.zeros(CHANNELS, np.float32),
            layer(CHANNELS, HIDDEN),
            np.zeros(HIDDEN, np.float32),
            layer(HIDDEN, classes),
            np.zeros(classes, np.float32),
        ]
        self._first = [np.zeros_like(w) for w in self._weights]
        self._second = [np.zeros_like(w) for w in self._weights]
        self._rate = rate
        self._steps = 0

    def train_step(self, batch: Any, labels: Sequence[int]) -> float:
        """Take one step on a batch; return its mean cross-entropy."""
        patches, shape = self._patches(np.asarray(batch))
        w1, b1, w2, b2, w3, b3 = self._weights
        count, cells = shape
        h1 = np.maximum(patches @ w1 + b1, 0.0)
        h2 = np.maximum(h1 @ w2 + b2, 0.0)
        pooled = h2.reshape(count, cells, -1).mean(axis=1)
        probability = _softmax(pooled @ w3 + b3)
        rows = np.arange(count)
        wanted = np.asarray(labels)
        loss = float(-np.log(np.maximum(probability[rows, wanted], 1e-9)).mean())

        error = probability
        error[rows, wanted] -= 1.0
        error /= count
        at_pool = (error @ w3.T) / cells
        at_h2 = np.repeat(at_pool, cells, axis=0)
        at_h2 *= h2 > 0.0
        at_h1 = at_h2 @ w2.T
        at_h1 *= h1 > 0.0
        self._update(
            [
                patches.T @ at_h1,
                at_h1.sum(axis=0),
                h1.T @ at_h2,
                at_h2.sum(axis=0),
                pooled.T @ error,
                error.sum(axis=0),
            ]
        )
        return loss

    def predict(self, batch: Any) -> list[int]:
        """Return the most likely class of each sample."""
        patches, (count, cells) = self._patches(np.asarray(batch))
        w1, b1, w2, b2, w3, b3 = self._weights
        h2 = np.maximum(np.maximum(patches @ w1 + b1, 0.0) @ w2 + b2, 0.0)
        pooled = h2.reshape(count, cells, -1).mean(axis=1)
        return [int(label) for label in (pooled @ w3 + b3).argmax(axis=1)]

    @staticmethod
    def _patches(batch: Array) -> tuple[Array, tuple[int, int]]:
        count, channels, height, width = batch.shape
        rows, columns = height // PATCH, width // PATCH
        cut = batch.reshape(count, channels, rows, PATCH, columns, PATCH)
        flat = cut.transpose(0, 2, 4, 1, 3, 5).reshape(count * rows * columns, -1)
        return flat, (count, rows * columns)

    def _update(self, gradients: list[Array]) -> None:
        self._steps += 1
        warm1, warm2 = 1.0 - 0.9**self._steps, 1.0 - 0.999**self._steps
        for weight, first, second, gradient in zip(
            self._weights, self._first, self._second, gradients, strict=True
        ):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient * gradient - second)
            weight -= self._rate * (first / warm1) / (np.sqrt(second / warm2) + 1e-8)


def _softmax(scores: Array) -> Array:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=1, keepdims=True)
    return result
