# SPDX-License-Identifier: Apache-2.0
"""What the demo shows while it runs: lines of text, or a live screen where there is a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cogway.demo.photographs import Photographs
    from cogway.demo.recipe import Recipe


class View:
    """Lines of text: one for each thing worth saying, at most one in two seconds for ticks."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._said = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def note(self, text: str) -> None:
        """Say something that stays on the screen."""
        if not self._quiet:
            print(text, file=sys.stderr)

    def preparing(self, done: int, count: int) -> None:
        """So many photographs are cut into tiles."""
        if done == count or time.monotonic() - self._said >= 2.0:
            self._said = time.monotonic()
            self.note(f"cutting tiles: {done} of {count} photographs")

    def begin(self, data: Photographs, feeds: Sequence[str], recipe: Recipe) -> None:
        """The data set is there, training begins."""
        self.note(describe(data))

    def event(self, feed: str, event: dict[str, Any]) -> None:
        """A training said something."""
        name = "no loading" if feed == "none" else feed
        if event["event"] == "start":
            self.note(f"{name}: training with {event['model']}")
        elif event["event"] == "tick":
            if time.monotonic() - self._said < 2.0:
                return
            self._said = time.monotonic()
            self.note(
                f"{name}: step {event['steps']}, {event['images_per_s']:.0f} images/s, "
                f"{event['steps_per_s']:.1f} steps/s, loss {event['loss']:.3f}, "
                f"GIL-free {event['gil_free']:.0%}"
            )
        elif event["event"] == "epoch" and feed != "none":
            self.note(
                f"{name}: epoch {event['epoch'] + 1}, held-out accuracy {event['accuracy']:.1%}"
            )


def describe(data: Photographs) -> str:
    """One line about the data set."""
    packages = sorted({source["package"] for source in data.sources})
    return (
        f"{len(data.train)} training and {len(data.held)} held-out JPEGs "
        f"({data.nbytes / 1e6:.0f} MB) in {len(data.classes)} classes, cut from "
        f"{len(data.sources)} photographs of {' and '.join(packages)} (GPL-2+)"
    )


def make_view(*, live: bool, quiet: bool) -> View:
    """Make the live view where Rich is installed and stderr is a terminal, else lines of text."""
    if live and sys.stderr.isatty():
        try:
            from cogway.demo.live_view import LiveView
        except ImportError:
            return View(quiet=quiet)
        return LiveView()
    return View(quiet=quiet)
