# SPDX-License-Identifier: Apache-2.0
"""A picture of an outcome: one panel of bars for every case and headline metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from harness.result import Outcome

_OURS, _FLOOR, _PEER = "#1b6ca8", "#7a7a7a", "#c9d6df"


class PlotError(Exception):
    """There is nothing to draw with, or nothing to draw."""


def plot(outcome: Outcome, path: Path) -> Path:
    """Draw an outcome into a PNG or SVG file.

    Raises:
        PlotError: matplotlib is not installed, or the outcome has no row.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotError("a plot needs matplotlib: pip install matplotlib") from None
    panels = list(
        dict.fromkeys((row.case, row.metric.name) for row in outcome.rows if row.metric.headline)
    )
    if not panels:
        raise PlotError(f"{outcome.question}: there is no row to draw")
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=(6.4 * across, 2.6 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False)
    for place, (case, metric) in enumerate(panels):
        axis = axes[place // across][place % across]
        rows = [row for row in outcome.rows if (row.case, row.metric.name) == (case, metric)]
        rows.sort(key=lambda row: row.median, reverse=rows[0].metric.better == "lower")
        names = [outcome.labels.get(row.contestant) or row.contestant for row in rows]
        ours = [row.contestant.split(" ")[0] == "cogway" for row in rows]
        colours = [
            _OURS if own else _FLOOR if row.contestant == outcome.floors.get(row.case) else _PEER
            for own, row in zip(ours, rows, strict=True)
        ]
        medians = [row.median for row in rows]
        below = [row.median - min(row.samples) for row in rows]
        above = [max(row.samples) - row.median for row in rows]
        axis.barh(names, medians, color=colours, xerr=(below, above), ecolor="#444444")
        better = "less" if rows[0].metric.better == "lower" else "more"
        axis.set_title(case, fontsize=10)
        axis.set_xlabel(f"{metric} [{rows[0].metric.unit}], {better} is better", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    for place in range(len(panels), across * down):
        axes[place // across][place % across].set_visible(False)
    figure.suptitle(f"{outcome.title}\n{outcome.machine_line}; {outcome.date}", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
