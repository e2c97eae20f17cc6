# SPDX-License-Identifier: Apache-2.0
"""One training with one feed, in a process of its own: says what happens as JSON lines on stdout.

Run by the demo as ``python -m cogway.demo.trainer``; its own process so that memory and processor
time of one feed never count for another.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cogway.demo.feeds import Feed
    from cogway.demo.photographs import Photographs
    from cogway.demo.recipe import Recipe


class Model(Protocol):
    """A classifier that learns from batches."""

    name: str

    def train_step(self, batch: Any, labels: Sequence[int]) -> float:
        """Take one step; return its loss."""
        ...

    def predict(self, batch: Any) -> list[int]:
        """Return the most likely class of each sample."""
        ...


def make_model(kind: str, classes: int) -> Model:
    """Make the model: "torch", "numpy", or the first of these that is installed for "auto"."""
    if kind in {"auto", "torch"}:
        try:
            from cogway.demo.model_torch import TorchNet
        except ImportError:
            if kind == "torch":
                raise
        else:
            return TorchNet(classes)
    from cogway.demo.model_numpy import NumpyNet

    return NumpyNet(classes)


@dataclass
class Progress:
    """What a training has done so far; the clock runs only while it trains."""

    images: int = 0
    steps: int = 0
    seconds: float = 0.0
    loss: float = float("nan")
    accuracy: float | None = None
    step_ms: list[float] = field(default_factory=list)
    wait_ms: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """A quantile of the training steps' durations in milliseconds."""
        ordered = sorted(self.step_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def train(feed: Feed, model: Model, recipe: Recipe, emit: Callable[[dict[str, Any]], None]) -> None:
    """Train for the recipe's epochs or seconds; emit ticks, epochs and the end."""
    from cogway.demo import meter

    done = Progress()
    peak = meter.memory()
    spent = [0.0, 0.0]
    for epoch in range(recipe.epochs):
        cost, begun = meter.cost(), time.perf_counter()
        ticked, tick_cost, tick_images, tick_steps = begun, cost, 0, 0
        waited_since = begun
        for batch, labels in feed.train(epoch):
            started = time.perf_counter()
            done.wait_ms.append((started - waited_since) * 1e3)
            done.loss = model.train_step(batch, labels)
            del batch
            now = waited_since = time.perf_counter()
            done.step_ms.append((now - started) * 1e3)
            done.steps += 1
            done.images += len(labels)
            tick_steps += 1
            tick_images += len(labels)
            if now - ticked >= 0.5:
                reading = meter.cost()
                since = reading.since(tick_cost)
                peak = max(peak, meter.memory())
                emit(
                    {
                        "event": "tick",
                        "epoch": epoch,
                        "steps": done.steps,
                        "images": done.images,
                        "loss": done.loss,
                        "images_per_s": tick_images / (now - ticked),
                        "steps_per_s": tick_steps / (now - ticked),
                        "gil_free": since.native_seconds / max(since.cpu_seconds, 1e-9),
                        "peak_bytes": peak,
                        **feed.figures(),
                    }
                )
                ticked, tick_cost, tick_images, tick_steps = now, reading, 0, 0
            if done.seconds + now - begun > recipe.seconds:
                break
        done.seconds += time.perf_counter() - begun
        since = meter.cost().since(cost)
        spent = [spent[0] + since.cpu_seconds, spent[1] + since.native_seconds]
        peak = max(peak, meter.memory())
        done.accuracy = evaluate(feed.held(), model)
        emit({"event": "epoch", "epoch": epoch, "accuracy": done.accuracy, "loss": done.loss})
        if done.seconds > recipe.seconds:
            break
    emit(
        {
            "event": "end",
            "model": model.name,
            "images": done.images,
            "steps": done.steps,
            "seconds": done.seconds,
            "images_per_s": done.images / max(done.seconds, 1e-9),
            "steps_per_s": done.steps / max(done.seconds, 1e-9),
            "step_ms_p50": done.quantile(0.5),
            "step_ms_p99": done.quantile(0.99),
            "wait_share": sum(done.wait_ms) / 1e3 / max(done.seconds, 1e-9),
            "cpu_seconds": spent[0],
            "gil_free": spent[1] / max(spent[0], 1e-9),
            "peak_bytes": peak,
            "loss": done.loss,
            "accuracy": done.accuracy,
        }
    )


def evaluate(batches: Iterator[tuple[Any, Sequence[int]]], model: Model) -> float:
    """The share of samples that the model names rightly."""
    right = count = 0
    for batch, labels in batches:
        predicted = model.predict(batch)
        right += sum(a == b for a, b in zip(predicted, labels, strict=True))
        count += len(labels)
    return right / count


class RepeatedBatch:
    """No loading at all: one batch again and again. What training costs by itself."""

    name = "no loading"

    def __init__(self, photographs: Photographs, recipe: Recipe) -> None:
        import numpy as np

        self._labels = [i % len(photographs.classes) for i in range(recipe.batch)]
        draw = np.random.default_rng(recipe.seed)
        shape = (recipe.batch, 3, recipe.size, recipe.size)
        self._batch = draw.standard_normal(shape, dtype=np.float32)

    def train(self, epoch: int) -> Iterator[tuple[Any, Sequence[int]]]:
        """Sixty steps, once."""
        for _ in range(60 if epoch == 0 else 0):
            yield self._batch, self._labels

    def held(self) -> Iterator[tuple[Any, Sequence[int]]]:
        """The same batch: nothing is learnt from it."""
        yield self._batch, self._labels

    def figures(self) -> dict[str, Any]:
        """Nothing to show."""
        return {}

    def close(self) -> None:
        """Nothing to end."""


def main() -> int:
    """Read the task from stdin, train, write events to stdout; 130 when interrupted."""
    try:
        _follow(json.loads(sys.stdin.readline()))
    except KeyboardInterrupt:
        return 130
    return 0


def _follow(task: dict[str, Any]) -> None:
    # One thread for linear algebra: the processors are for loading, and every feed gets the same.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from pathlib import Path

    from cogway.demo import photographs
    from cogway.demo.feeds import make_feed
    from cogway.demo.recipe import Recipe

    data = photographs.open_prepared(Path(task["folder"]))
    recipe = Recipe(**task["recipe"])

    def emit(event: dict[str, Any]) -> None:
        print(json.dumps(event), flush=True)

    model = make_model(task["model"], len(data.classes))
    feed: Feed
    if task["feed"] == "none":
        feed = RepeatedBatch(data, recipe)
    else:
        feed = make_feed(task["feed"], data, recipe)
    emit({"event": "start", "feed": task["feed"], "model": model.name})
    try:
        train(feed, model, recipe, emit)
    finally:
        feed.close()


if __name__ == "__main__":
    sys.exit(main())
