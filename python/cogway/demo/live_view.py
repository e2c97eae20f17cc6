# SPDX-License-Identifier: Apache-2.0
"""The live screen, drawn by Rich."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cogway.demo.view import View, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from cogway.demo.photographs import Photographs
    from cogway.demo.recipe import Recipe

_BARS = "▁▂▃▄▅▆▇█"
_TITLES = {
    "none": "no loading (what training costs alone)",
    "cogway": "cogway",
    "threads": "thread pool + Pillow",
    "processes": "process pool + Pillow",
}


def sparkline(values: Sequence[float]) -> str:
    """Draw values as a row of bars."""
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_BARS[int((value - low) / span * (len(_BARS) - 1))] for value in values)


class LiveView(View):
    """One screen: a row for each feed, and the inside of the one that trains now."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._header = ""
        self._steps = 1
        self._feeds: tuple[str, ...] = ()
        self._latest: dict[str, dict[str, Any]] = {}
        self._accuracy: dict[str, float] = {}
        self._rates: deque[float] = deque(maxlen=48)
        self._losses: deque[float] = deque(maxlen=48)
        self._current = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        """Say something that stays on the screen."""
        self._console.print(text, highlight=False)

    def preparing(self, done: int, count: int) -> None:
        """So many photographs are cut into tiles."""
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            "cutting tiles", ProgressBar(total=count, completed=done, width=40), f"{done}/{count}"
        )
        self._live.update(bar)

    def begin(self, data: Photographs, feeds: Sequence[str], recipe: Recipe) -> None:
        """The data set is there, training begins."""
        self._header = describe(data)
        self._feeds = tuple(feeds)
        self._steps = recipe.epochs * (len(data.train) // recipe.batch)
        self._refresh()

    def event(self, feed: str, event: dict[str, Any]) -> None:
        """A training said something."""
        if feed != self._current:
            self._current = feed
            self._rates.clear()
            self._losses.clear()
        if event["event"] == "epoch":
            self._accuracy[feed] = event["accuracy"]
        elif event["event"] != "start":
            self._latest[feed] = {**self._latest.get(feed, {}), **event}
            self._rates.append(event["images_per_s"])
            self._losses.append(event["loss"])
        self._refresh()

    def _refresh(self) -> None:
        parts: list[RenderableType] = [Text(self._header, style="dim"), self._overview()]
        latest = self._latest.get(self._current)
        if latest is not None:
            parts.append(self._inside(latest))
        self._live.update(Panel(Group(*parts), title="cogway demo", border_style="cyan"))

    def _overview(self) -> Table:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("training fed by", min_width=24)
        table.add_column("", width=20)
        for name in ("images/s", "steps/s", "loss", "accuracy", "GIL-free", "memory"):
            table.add_column(name, justify="right")
        for feed in self._feeds:
            latest = self._latest.get(feed)
            style = "bold" if feed == self._current else ""
            if latest is None:
                table.add_row(Text(_TITLES[feed], style="dim"))
                continue
            ended = latest["event"] == "end"
            total = latest["steps"] if ended else self._steps if feed != "none" else 60
            accuracy = self._accuracy.get(feed)
            table.add_row(
                Text(_TITLES[feed], style=style),
                ProgressBar(total=total, completed=latest["steps"], width=20),
                f"{latest['images_per_s']:.0f}",
                f"{latest['steps_per_s']:.1f}",
                "–" if feed == "none" else f"{latest['loss']:.3f}",
                "–" if accuracy is None or feed == "none" else f"{accuracy:.1%}",
                f"{latest['gil_free']:.0%}" if feed == "cogway" else "–",
                f"{latest['peak_bytes'] / 1e6:.0f} MB",
            )
        return table

    def _inside(self, latest: dict[str, Any]) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row("images/s", Text(sparkline(self._rates), style="green"))
        table.add_row("loss", Text(sparkline(self._losses), style="magenta"))
        if "bus_bytes" in latest:
            used, capacity = latest["bus_bytes"], latest["bus_capacity"]
            table.add_row(
                "bus",
                f"{used / 1e6:.1f} of {capacity / 1e6:.0f} MB, {latest.get('ready', 0)} batches "
                f"ready, {latest.get('in_flight', 0)} images in flight",
            )
        for stage in latest.get("stages", ()):
            if stage["name"] == "batch":
                continue
            table.add_row(
                stage["name"],
                f"{stage['queued']:>3} waiting, {stage['running']:>2} dispatched, "
                f"p50 {stage['p50_ms']:.2f} ms, p99 {stage['p99_ms']:.2f} ms",
            )
        return table
