# SPDX-License-Identifier: Apache-2.0
"""What all loaders share: how an epoch is timed, and a ring of batches for pools of threads."""

from __future__ import annotations

import math
import os
import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from harness import Case, Contestant, samples, sibling

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

data: Any = sibling(__file__, "_data")
crops: Any = sibling(__file__, "_crops")

SHAPE = (crops.BATCH, 3, crops.SIZE, crops.SIZE)


class Loader(Contestant):
    """A loader of two workers; `epoch` yields float32 batches in CHW."""

    def __init__(self) -> None:
        self._kind = ""
        self._turn = 0

    @abstractmethod
    def start(self, paths: list[str]) -> None:
        """Build what lives as long as the loader: workers, pools."""

    @abstractmethod
    def epoch(self, number: int) -> Iterator[Any]:
        """Load every whole batch once."""

    @abstractmethod
    def stop(self) -> None:
        """End the workers."""

    def measure(self, case: Case) -> dict[str, float]:
        match case.text("do"):
            case "first":
                return self._first(case.text("data"))
            case "memory":
                return self._memory(case.text("data"))
        return self._steady(case.text("data"))

    def close(self) -> None:
        self._use("")

    def _use(self, kind: str) -> None:
        if self._kind:
            self.stop()
        self._kind = kind
        if kind:
            self.start(data.files(kind))

    def _steady(self, kind: str) -> dict[str, float]:
        if self._kind != kind:
            self._use(kind)
        self._turn += 1
        cpu = samples.tree_cpu_seconds()
        began = time.perf_counter()
        batches = 0
        for batch in self.epoch(self._turn):
            if batches == 0:
                check(batch)
            batches += 1
        seconds = time.perf_counter() - began
        cpu = samples.tree_cpu_seconds() - cpu
        expected = data.COUNTS[kind] // crops.BATCH
        if batches != expected:
            raise RuntimeError(f"the epoch has {batches} batches, not {expected}")
        images = batches * crops.BATCH
        return {"images_per_s": images / seconds, "cpu_ms_per_image": cpu * 1e3 / images}

    def _first(self, kind: str) -> dict[str, float]:
        self._use("")
        paths = data.files(kind)[: 4 * crops.BATCH]
        began = time.perf_counter()
        self.start(paths)
        try:
            batches = iter(self.epoch(1))
            next(batches)
            seconds = time.perf_counter() - began
            for _ in batches:
                pass
        finally:
            self.stop()
        return {"first_batch_ms": seconds * 1e3}

    def _memory(self, kind: str) -> dict[str, float]:
        if self._kind != kind:
            self._use(kind)
        done = threading.Event()
        peak = 0.0

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.05):
                peak = max(peak, samples.tree_memory_mb())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self._turn += 1
            for _ in self.epoch(self._turn):
                pass
        finally:
            done.set()
            watcher.join()
        return {"peak_mb": max(peak, samples.tree_memory_mb())}


def check(batch: Any) -> None:
    """Refuse a batch that is not what was asked for."""
    shape, kind = tuple(batch.shape), str(batch.dtype).removeprefix("torch.")
    if shape != SHAPE or kind != "float32":
        raise RuntimeError(f"the batch is {kind} {shape}, not float32 {SHAPE}")
    value = float(batch[0, 0, 100, 100])
    if not math.isfinite(value) or abs(value) > 3.0:
        raise RuntimeError(f"the batch holds {value}, which no normalised picture holds")


def batches_of(paths: list[str]) -> int:
    """Return how many whole batches an epoch has."""
    return len(paths) // crops.BATCH


class PoolLoader(Loader):
    """Two threads of a `ThreadPoolExecutor`, each writing samples into a ring of batches."""

    ring = 4

    @abstractmethod
    def sample(self, path: str, epoch: int, index: int, slot: np.ndarray) -> None:
        """Load one picture into its place in the batch."""

    def start(self, paths: list[str]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        import numpy

        self._paths = paths
        self._pool = ThreadPoolExecutor(crops.WORKERS)
        self._ring = [numpy.empty(SHAPE, numpy.float32) for _ in range(self.ring)]

    def epoch(self, number: int) -> Iterator[Any]:
        total = batches_of(self._paths)
        waiting = [self._submit(number, batch) for batch in range(min(self.ring - 1, total))]
        for batch in range(total):
            for future in waiting.pop(0):
                future.result()
            yield self._ring[batch % self.ring]
            ahead = batch + self.ring - 1
            if ahead < total:
                waiting.append(self._submit(number, ahead))

    def stop(self) -> None:
        self._pool.shutdown()

    def _submit(self, epoch: int, batch: int) -> list[Any]:
        slots = self._ring[batch % self.ring]
        first = batch * crops.BATCH
        return [
            self._pool.submit(self.sample, self._paths[first + i], epoch, first + i, slots[i])
            for i in range(crops.BATCH)
        ]


def read(path: str) -> bytes:
    """Return the bytes of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
