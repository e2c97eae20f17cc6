# SPDX-License-Identifier: Apache-2.0
"""The same training fed by Pillow: in threads, and in processes with shared memory.

Both are written as well as they can be without cogway: samples go straight into their place of a
preallocated batch, crops are drawn beforehand, processes hand batches over in shared memory.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cogway.demo.crops import Crop, centre_crop, epoch_order, random_crop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cogway.demo.feeds import Batch
    from cogway.demo.photographs import Photographs, Split
    from cogway.demo.recipe import Recipe

    Array = NDArray[np.float32]

Job = tuple[str, Crop]


def load_sample(path: str, crop: Crop, recipe: Recipe, place: Array) -> None:
    """Read, decode, crop, resize, mirror and normalise one file into `place` [3, size, size]."""
    box = (crop.left, crop.top, crop.right, crop.bottom)
    with Image.open(path) as opened:
        picture = opened.convert("RGB").resize(
            (recipe.size, recipe.size), Image.Resampling.BILINEAR, box=box
        )
    pixels = np.asarray(picture, dtype=np.float32)
    if crop.mirrored:
        pixels = pixels[:, ::-1]
    mean, std = (255 * np.array(values, np.float32) for values in (recipe.mean, recipe.std))
    place[:] = ((pixels - mean) / std).transpose(2, 0, 1)


class _Planned:
    """Files and crops of each batch, drawn before the clock starts."""

    def __init__(self, photographs: Photographs, recipe: Recipe) -> None:
        self._recipe = recipe
        self._photographs = photographs
        sizes = {path: _size(path) for path in {*photographs.train.paths, *photographs.held.paths}}
        self._epochs: list[list[tuple[list[Job], list[int]]]] = []
        for epoch in range(recipe.epochs):
            order = epoch_order(len(photographs.train), seed=recipe.seed, epoch=epoch)
            order = order[: len(order) - len(order) % recipe.batch]
            crops = {
                index: random_crop(
                    sizes[photographs.train.paths[index]],
                    seed=recipe.seed, epoch=epoch, index=index,
                    scale=recipe.scale, flip=recipe.flip,
                )
                for index in order
            }  # fmt: skip
            self._epochs.append(self._batches(photographs.train, order, crops))
        held = photographs.held
        centre = {i: centre_crop(sizes[path]) for i, path in enumerate(held.paths)}
        self._held = self._batches(held, list(range(len(held))), centre)

    def _batches(
        self, split: Split, order: list[int], crops: dict[int, Crop]
    ) -> list[tuple[list[Job], list[int]]]:
        step = self._recipe.batch
        groups = [order[first : first + step] for first in range(0, len(order), step)]
        return [
            (
                [(split.paths[index], crops[index]) for index in group],
                [split.labels[index] for index in group],
            )
            for group in groups
        ]

    def train(self, epoch: int) -> Iterator[Batch]:
        """Batches of one epoch."""
        return self._feed(self._epochs[epoch])

    def held(self) -> Iterator[Batch]:
        """Batches of what is held out."""
        return self._feed(self._held)

    def figures(self) -> dict[str, Any]:
        """Nothing to show: pools have no inside to look at."""
        return {}

    def _feed(self, batches: list[tuple[list[Job], list[int]]]) -> Iterator[Batch]:
        raise NotImplementedError


class ThreadFeed(_Planned):
    """Samples in a thread pool, each written into its place."""

    name = "threads"

    def __init__(self, photographs: Photographs, recipe: Recipe) -> None:
        super().__init__(photographs, recipe)
        self._pool = ThreadPoolExecutor(recipe.workers, thread_name_prefix="pillow")

    def _feed(self, batches: list[tuple[list[Job], list[int]]]) -> Iterator[Batch]:
        recipe = self._recipe
        waiting: deque[tuple[Array, list[int], list[Future[None]]]] = deque()
        todo = iter(batches)
        while True:
            while len(waiting) < recipe.prefetch and (following := next(todo, None)) is not None:
                jobs, labels = following
                array = np.empty((len(jobs), 3, recipe.size, recipe.size), np.float32)
                futures = [
                    self._pool.submit(load_sample, path, crop, recipe, array[place])
                    for place, (path, crop) in enumerate(jobs)
                ]
                waiting.append((array, labels, futures))
            if not waiting:
                return
            array, labels, futures = waiting.popleft()
            for future in futures:
                future.result()
            yield array, labels

    def close(self) -> None:
        """Stop the pool."""
        self._pool.shutdown(cancel_futures=True)


def _fill_shared(name: str, jobs: list[Job], recipe: Recipe) -> None:
    """In a worker process: make one batch in the shared memory called `name`."""
    memory = SharedMemory(name)
    try:
        array: Array = np.ndarray(
            (len(jobs), 3, recipe.size, recipe.size), np.float32, buffer=memory.buf
        )
        for place, (path, crop) in enumerate(jobs):
            load_sample(path, crop, recipe, array[place])
        del array
    finally:
        memory.close()


class ProcessFeed(_Planned):
    """Batches in a process pool, handed over in a ring of shared memory."""

    name = "processes"

    def __init__(self, photographs: Photographs, recipe: Recipe) -> None:
        super().__init__(photographs, recipe)
        self._pool = ProcessPoolExecutor(
            recipe.workers, mp_context=multiprocessing.get_context("forkserver")
        )
        nbytes = recipe.batch * 3 * recipe.size * recipe.size * 4
        self._ring = [SharedMemory(create=True, size=nbytes) for _ in range(recipe.prefetch + 1)]

    def _feed(self, batches: list[tuple[list[Job], list[int]]]) -> Iterator[Batch]:
        recipe = self._recipe
        free = deque(self._ring)
        waiting: deque[tuple[SharedMemory, int, list[int], Future[None]]] = deque()
        todo = iter(batches)
        while True:
            while len(waiting) < recipe.prefetch and (following := next(todo, None)) is not None:
                jobs, labels = following
                memory = free.popleft()
                future = self._pool.submit(_fill_shared, memory.name, jobs, recipe)
                waiting.append((memory, len(jobs), labels, future))
            if not waiting:
                return
            memory, count, labels, future = waiting.popleft()
            future.result()
            shape = (count, 3, recipe.size, recipe.size)
            yield np.ndarray(shape, np.float32, buffer=memory.buf), labels
            free.append(memory)

    def close(self) -> None:
        """Stop the pool and give the shared memory back."""
        self._pool.shutdown(cancel_futures=True)
        for memory in self._ring:
            memory.close()
            memory.unlink()


def _size(path: str) -> tuple[int, int]:
    with Image.open(path) as opened:
        return opened.size
