# SPDX-License-Identifier: Apache-2.0
"""A training thread with steps of a few milliseconds, and a loader that never rests beside it."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from harness import Case, Contestant, samples, sibling

_LOADING = str(Path(__file__).resolve().parents[1] / "loading" / "question.py")
data: Any = sibling(_LOADING, "_data")
crops: Any = sibling(_LOADING, "_crops")

_FILES = 256


class Step:
    """One step: matrix products without the GIL and some Python with it, some milliseconds."""

    def __init__(self) -> None:
        random = np.random.default_rng(7)
        self._weights = random.standard_normal((384, 384), np.float32)
        self._input = random.standard_normal((384, 384), np.float32)
        self._output = np.empty_like(self._input)

    def __call__(self) -> float:
        for _ in range(4):
            np.matmul(self._input, self._weights, out=self._output)
        total = 0.0
        for value in range(10_000):
            total += value * 0.5
        return total


class Training(Contestant):
    """Trains while a loader of this process runs; the subclass names the loader."""

    def open(self) -> None:
        self._step = Step()

    @abstractmethod
    def loader(self) -> Any:
        """Return a `Loader` of the question `loading`, or None to train alone."""

    def measure(self, case: Case) -> dict[str, float]:
        loader = self.loader()
        count = case.count(300, 20)
        if loader is None:
            return self._train(count)
        loader.start(data.files("tiles")[:_FILES])
        stop, running = threading.Event(), threading.Event()
        loaded = 0

        def feed() -> None:
            nonlocal loaded
            epoch = 0
            while not stop.is_set():
                epoch += 1
                for _ in loader.epoch(epoch):
                    loaded += crops.BATCH
                    running.set()

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            running.wait()
            before, began = loaded, time.perf_counter()
            found = self._train(count)
            found["images_per_s"] = (loaded - before) / (time.perf_counter() - began)
        finally:
            stop.set()
            feeder.join()
            loader.stop()
        return found

    def _train(self, count: int) -> dict[str, float]:
        clock = time.perf_counter
        for _ in range(10):
            self._step()
        times = []
        for _ in range(count):
            began = clock()
            self._step()
            times.append((clock() - began) * 1e3)
        times.sort()
        return {
            "p99_ms": samples.percentile(times, 0.99),
            "p50_ms": samples.percentile(times, 0.50),
        }


def loading(name: str, kind: str) -> Any:
    """Return the class `kind` of a contestant of the question `loading`."""
    return getattr(sibling(_LOADING, name), kind)
