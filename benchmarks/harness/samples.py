# SPDX-License-Identifier: Apache-2.0
"""What contestants share: percentiles, processor time and memory of a process tree."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value at `share` (0 to 1) of an ordered sequence, by the nearest rank."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(nanoseconds: Sequence[int], beyond_ns: int = 0) -> dict[str, float]:
    """Return p50, p99 and mean in microseconds, less `beyond_ns` of the work itself."""
    ordered = sorted(nanoseconds)
    mean = sum(ordered) / len(ordered)
    return {
        "p50_us": (percentile(ordered, 0.50) - beyond_ns) / 1e3,
        "p99_us": (percentile(ordered, 0.99) - beyond_ns) / 1e3,
        "mean_us": (mean - beyond_ns) / 1e3,
    }


def descendants(root: int) -> list[int]:
    """Return the processes below `root`."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, front = [], [root]
    while front:
        below = parents.get(front.pop(), [])
        found += below
        front += below
    return found


def tree_cpu_seconds() -> float:
    """Return the processor time of this process and of all below it, ended ones included."""
    usage = os.times()
    total = time.process_time() + usage.children_user + usage.children_system
    for process in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def tree_memory_mb() -> float:
    """Return the proportional memory (PSS) of this process and of all below it, in MB."""
    total = 0
    for process in (os.getpid(), *descendants(os.getpid())):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            match = re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE)
            total += int(match[1]) if match else 0
    return total * 1024 / 1e6
