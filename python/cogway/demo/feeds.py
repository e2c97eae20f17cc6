# SPDX-License-Identifier: Apache-2.0
"""Who brings the batches: cogway, a thread pool with Pillow, or a process pool with Pillow.

Each feed yields float32 batches [n, 3, size, size] with their labels: `train(epoch)` augmented and
in the epoch's order, `held()` centre crops of what was held out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cogway.demo.photographs import Photographs, Split
    from cogway.demo.recipe import Recipe

Batch = tuple[Any, "Sequence[int]"]


class Feed(Protocol):
    """What a training needs from a feed."""

    name: str

    def train(self, epoch: int) -> Iterator[Batch]:
        """Batches of one epoch."""
        ...

    def held(self) -> Iterator[Batch]:
        """Batches of what is held out."""
        ...

    def figures(self) -> dict[str, Any]:
        """What the view shows of its inside now."""
        ...

    def close(self) -> None:
        """End everything it started."""
        ...


class CogwayFeed:
    """Native workers read, decode and augment; batches are buffers of the bus."""

    name = "cogway"

    def __init__(self, photographs: Photographs, recipe: Recipe) -> None:
        import cogway

        self._engine = cogway.Engine(
            native_workers=1, background_workers=recipe.workers, bus_bytes=256 << 20
        )
        self._train = self._pipeline(
            photographs.train, recipe, shuffle=recipe.seed, drop_last=True, crop="random",
            scale=recipe.scale, flip=recipe.flip,
        )  # fmt: skip
        self._held = self._pipeline(photographs.held, recipe, crop="center")
        self._run: Any = None

    def _pipeline(
        self,
        split: Split,
        recipe: Recipe,
        *,
        shuffle: int | None = None,
        drop_last: bool = False,
        **sample: Any,
    ) -> Any:
        import cogway

        return (
            cogway.Pipeline(self._engine)
            .source(split.paths, labels=split.labels, shuffle=shuffle)
            .native("file.read")
            .native(
                "image.sample",
                size=recipe.size,
                mean=recipe.mean,
                std=recipe.std,
                seed=recipe.seed,
                index=cogway.INDEX,
                epoch=cogway.EPOCH,
                **sample,
            )
            .batch(recipe.batch, drop_last=drop_last)
            .prefetch(recipe.prefetch)
        )

    def train(self, epoch: int) -> Iterator[Batch]:
        """Batches of one epoch."""
        with self._train.run(epoch) as self._run:
            for batch in self._run:
                yield batch, batch.labels

    def held(self) -> Iterator[Batch]:
        """Batches of what is held out."""
        for batch in self._held:
            yield batch, batch.labels

    def figures(self) -> dict[str, Any]:
        """Queue depths of the pipeline and bytes of the bus."""
        bus = self._engine.bus.statistics()
        figures: dict[str, Any] = {"bus_bytes": bus.used_bytes, "bus_capacity": bus.capacity}
        if self._run is not None:
            flow = self._run.statistics()
            figures["in_flight"] = flow.in_flight
            figures["ready"] = flow.ready
            figures["stages"] = [
                {"name": stage.name, "queued": stage.queued, "running": stage.running,
                 "p50_ms": stage.p50_ns / 1e6, "p99_ms": stage.p99_ns / 1e6}
                for stage in flow.stages
            ]  # fmt: skip
        return figures

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()


def make_feed(name: str, photographs: Photographs, recipe: Recipe) -> Feed:
    """Make the feed called `name`: "cogway", "threads" or "processes"."""
    if name == "cogway":
        return CogwayFeed(photographs, recipe)
    from cogway.demo.feeds_pillow import ProcessFeed, ThreadFeed

    return (ThreadFeed if name == "threads" else ProcessFeed)(photographs, recipe)
