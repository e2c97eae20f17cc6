# SPDX-License-Identifier: Apache-2.0
"""What a training costs: processor time of the process tree, of its native workers, and memory."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of this process and its children, and of cogway's native threads in it."""

    cpu_seconds: float
    native_seconds: float

    def since(self, earlier: Cost) -> Cost:
        """Return the difference to an earlier reading."""
        return Cost(
            self.cpu_seconds - earlier.cpu_seconds, self.native_seconds - earlier.native_seconds
        )


def _seconds(stat: Path) -> tuple[str, float]:
    """Name and processor seconds of a ``stat`` file; a thread that is gone has none."""
    try:
        text = stat.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", 0.0
    name, rest = text[text.index("(") + 1 :].rsplit(")", 1)
    fields = rest.split()
    return name, (int(fields[11]) + int(fields[12])) / _TICKS


def _family(pid: int) -> list[int]:
    """The process and all its descendants."""
    members = [pid]
    for parent in members:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                members += [int(child) for child in children.read_text().split()]
    return members


def cost() -> Cost:
    """Read the processor time used so far."""
    total = sum(_seconds(Path(f"/proc/{pid}/stat"))[1] for pid in _family(os.getpid()))
    native = 0.0
    for stat in Path("/proc/self/task").glob("*/stat"):
        name, seconds = _seconds(stat)
        if name.startswith("cw-"):
            native += seconds
    return Cost(total, native)


def memory() -> int:
    """Bytes resident now in this process and its children, shared pages divided."""
    total = 0
    for pid in _family(os.getpid()):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total
