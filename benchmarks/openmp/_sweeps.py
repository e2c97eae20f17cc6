# SPDX-License-Identifier: Apache-2.0
"""What contestants share: the tasks, their clock, and how often the system took a thread away."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cogway
from harness import Case, Contestant, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCE = Path(__file__).parent / "kernels" / "sweeps.c"


class Sweeps(Contestant):
    """An engine that gives each task so many of OpenMP's threads."""

    threads: int | Literal["auto"] | None = None

    def open(self) -> None:
        cogway.load(str(compiled.c(_SOURCE, "-fopenmp")))
        self._engine = cogway.Engine(
            native_workers=2, background_workers=1, openmp_threads=self.threads
        )
        self._sums: dict[int, int] = {}

    def measure(self, case: Case) -> dict[str, float]:
        tasks, passes = case.number("tasks"), case.count(2_000, 50)
        turns = case.count(16, 2) // tasks or 1
        self._map(tasks, passes)
        switched, began = _switches(), time.perf_counter()
        teams: list[int] = []
        for _ in range(turns):
            teams += self._map(tasks, passes)
        seconds, switched = time.perf_counter() - began, _switches() - switched
        done = turns * tasks
        return {
            "ms_per_task": seconds / done * 1e3,
            "threads": sum(teams) / done,
            "switches_per_task": switched / done,
        }

    def _map(self, tasks: int, passes: int) -> Sequence[int]:
        """Run so many tasks at once; return how many threads each had."""
        results: list[Any] = self._engine.c_map("sweeps.run", tasks, passes=passes).result(100)
        found = [memoryview(result).tolist() for result in results]
        expected = self._sums.setdefault(passes, found[0][1])
        if any(total != expected for _, total in found):
            raise RuntimeError(f"the sums of {passes} passes differ")
        return [team for team, _ in found]

    def close(self) -> None:
        self._engine.close()


def _switches() -> int:
    """Return how often the system took the processor from a thread of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
