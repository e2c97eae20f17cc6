# SPDX-License-Identifier: Apache-2.0
"""The C++ program of `floor/`, kept running between rounds: one for each number of threads."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from harness import built

if TYPE_CHECKING:
    from harness import Case


class Programs:
    """Processes that answer a number of frames with the time that each took."""

    def __init__(self, work: str) -> None:
        self._path = built.find("grayscale/floor/cogway_bench_grayscale")
        self._work = work
        self._running: dict[int, subprocess.Popen[str]] = {}

    def measure(self, case: Case) -> dict[str, float]:
        """Run one round.

        Raises:
            RuntimeError: the program ended.
        """
        threads = case.number("workers")
        if threads not in self._running:
            self._running[threads] = subprocess.Popen(
                [str(self._path), "--threads", str(threads), "--work", self._work],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        process = self._running[threads]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{case.count(40, 2)}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program ended with status {process.wait()}")
        found: dict[str, float] = json.loads(line)
        return found

    def close(self) -> None:
        """End them."""
        for process in self._running.values():
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.wait()
            process.stdout.close()
