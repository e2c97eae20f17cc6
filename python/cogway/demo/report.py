# SPDX-License-Identifier: Apache-2.0
"""The closing table, the same as JSON, and the plot of throughput."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from cogway.demo.budget import Budget
    from cogway.demo.photographs import Photographs

Results = dict[str, dict[str, Any]]

TITLES = {
    "none": "no loading",
    "cogway": "cogway",
    "threads": "threads + Pillow",
    "processes": "processes + Pillow",
}
_FEW_STEPS = 10
_COLUMNS = (
    ("steps", 6), ("images/s", 9), ("steps/s", 8), ("step p50", 11), ("step p99", 11),
    ("waiting", 8), ("CPU-s", 7), ("CPU-ms/img", 11), ("memory", 8), ("accuracy", 9),
)  # fmt: skip


def table(results: Results) -> str:
    """Return the closing table."""
    lines = [
        "".join([f"{'training fed by':<20}", *(f"{name:>{width}}" for name, width in _COLUMNS)])
    ]
    for feed, result in results.items():
        loading = feed != "none"
        cells = (
            f"{result['steps']}",
            f"{result['images_per_s']:.0f}",
            f"{result['steps_per_s']:.1f}",
            f"{result['step_ms_p50']:.1f} ms",
            f"{result['step_ms_p99']:.1f} ms",
            f"{result['wait_share']:.0%}" if loading else "–",
            f"{result['cpu_seconds']:.1f}",
            f"{result['cpu_seconds'] * 1e3 / max(result['images'], 1):.2f}",
            f"{result['peak_bytes'] / 1e6:.0f} MB",
            f"{result['accuracy']:.1%}" if loading else "–",
        )
        row = [f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True)]
        lines.append(f"{TITLES[feed]:<20}" + "".join(row))
    lines.append(
        "step: the training step alone; waiting: share of time the loop waited for a batch; "
        "memory: peak, shared pages divided"
    )
    few = [TITLES[feed] for feed, result in results.items() if result["steps"] < _FEW_STEPS]
    if few:
        lines.append(
            f"too few steps to compare ({', '.join(few)}): this machine is slow or busy; "
            "give it more with --seconds and --budget"
        )
    return "\n".join(lines)


def write(results: Results, data: Photographs, budget: Budget, folder: Path) -> dict[str, Any]:
    """Write ``report.json``: results, machine, time, whose photographs these are; return it."""
    content = {
        "seconds": round(budget.spent, 1),
        "budget": budget.seconds,
        "model": next((result["model"] for result in results.values()), ""),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "classes": data.classes,
        "photographs": data.sources,
        "results": results,
    }
    (folder / "report.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return content


def draw_throughput(results: Results, path: Path) -> str:
    """Draw images per second and the training step's p50 and p99; say where the plot is."""
    try:
        import matplotlib as mpl

        mpl.use("agg")
        from matplotlib import pyplot as plt
    except ImportError:
        return "no plot: matplotlib is not installed"
    loading = {feed: result for feed, result in results.items() if feed != "none"}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    names = [TITLES[feed] for feed in loading]
    colours = ["#0e7490" if feed == "cogway" else "#a8a29e" for feed in loading]
    bars = left.barh(names, [result["images_per_s"] for result in loading.values()], color=colours)
    left.bar_label(bars, fmt="%.0f", padding=3)
    left.set_title("images per second while training")
    left.invert_yaxis()
    left.margins(x=0.15)
    names = [TITLES[feed] for feed in results]
    for place, result in enumerate(results.values()):
        right.plot(
            [result["step_ms_p50"], result["step_ms_p99"]], [place, place],
            color="#0e7490", marker="o", linewidth=2,
        )  # fmt: skip
    right.set_yticks(range(len(names)), names)
    right.invert_yaxis()
    right.set_xlim(left=0)
    right.set_title("training step, p50 to p99 (ms)")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=140)
    plt.close(figure)
    return f"plot: {path}"
