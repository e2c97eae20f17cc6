# SPDX-License-Identifier: Apache-2.0
"""Is the machine quiet? What others use of the processors, before a run and during it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Above these shares of the run's processors, a figure may be somebody else's.
FOREIGN_LIMIT = 0.10
STEAL_LIMIT = 0.02
LOAD_LIMIT = 0.75  # of the one-minute load average, per core

_TICKS_PER_SECOND = 100  # of /proc/stat: USER_HZ, part of the kernel's ABI


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds that the chosen processors have spent since boot."""

    busy: float
    steal: float
    total: float

    def since(self, earlier: CpuTimes) -> CpuTimes:
        """Return what passed since an earlier reading."""
        return CpuTimes(
            self.busy - earlier.busy, self.steal - earlier.steal, self.total - earlier.total
        )


def parse_stat(text: str, cpus: Collection[int]) -> CpuTimes:
    """Read the text of /proc/stat for these processors."""
    busy = steal = total = 0
    for line in text.splitlines():
        name, *values = line.split()
        if not name.startswith("cpu") or not name[3:].isdigit() or int(name[3:]) not in cpus:
            continue
        # user nice system idle iowait irq softirq steal (guest time is inside user)
        times = [int(value) for value in values[:8]] + [0] * (8 - len(values[:8]))
        idle = times[3] + times[4]
        steal += times[7]
        total += sum(times)
        busy += sum(times) - idle - times[7]
    return CpuTimes(busy / _TICKS_PER_SECOND, steal / _TICKS_PER_SECOND, total / _TICKS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Quiet:
    """How quiet the machine was over a stretch of time."""

    foreign: float  # share of the processors that others used
    steal: float  # share that the hypervisor gave to others
    load: float | None  # one-minute load average per core; None: our own work is in it

    def reasons(self) -> list[str]:
        """Return why the machine was not quiet; empty when it was."""
        found = []
        if self.foreign > FOREIGN_LIMIT:
            found.append(f"other processes used {self.foreign:.0%} of the cores")
        if self.steal > STEAL_LIMIT:
            found.append(f"the hypervisor took {self.steal:.0%} of the cores")
        if self.load is not None and self.load > LOAD_LIMIT:
            found.append(f"the load average is {self.load:.2f} per core")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the reading as the stored result holds it."""
        return asdict(self)


class Watch:
    """Measures how much of the processors others used between `start` and `read`."""

    def __init__(
        self,
        cpus: Collection[int],
        own_seconds: Callable[[], float],
        read_stat: Callable[[], str] = Path("/proc/stat").read_text,
    ) -> None:
        self._cpus = cpus
        self._own_seconds = own_seconds
        self._read_stat = read_stat
        self.start()

    def start(self) -> None:
        """Begin a new stretch."""
        self._own = self._own_seconds()
        self._times = parse_stat(self._read_stat(), self._cpus)

    def read(self, load: float | None = None) -> Quiet:
        """Return how quiet the machine was since `start`."""
        passed = parse_stat(self._read_stat(), self._cpus).since(self._times)
        own = self._own_seconds() - self._own
        total = passed.total or 1.0
        return Quiet(
            foreign=round(min(1.0, max(0.0, passed.busy - own) / total), 4),
            steal=round(passed.steal / total, 4),
            load=load,
        )


def load_per_core(cores: int, text: str | None = None) -> float:
    """Return the one-minute load average per core."""
    average = float((text or Path("/proc/loadavg").read_text()).split()[0])
    return round(average / cores, 2)


def wait_until_quiet(
    watch: Watch,
    load: Callable[[], float | None],
    *,
    patience_s: float,
    look_s: float = 1.0,
    pause: Callable[[float], None] = time.sleep,
) -> Quiet:
    """Look at the machine until it is quiet or patience ends; return the last reading."""
    waited = 0.0
    while True:
        watch.start()
        pause(look_s)
        waited += look_s
        reading = watch.read(load())
        if not reading.reasons() or waited >= patience_s + look_s:
            return reading
