# SPDX-License-Identifier: Apache-2.0
"""`ProcessPoolExecutor` with eight workers that are there already."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from harness import sibling

pool: Any = sibling(__file__, "_pool")
work: Any = sibling(__file__, "_work")


class Processes(pool.Pool):
    label = "processes"

    def pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(pool.WORKERS, mp_context=get_context("fork"))

    def read(self, parts: int, port: int) -> float:
        shares = [parts] * parts
        return work.milliseconds(
            lambda: list(self._pool.map(pool.way.read_share, shares, [port] * parts))
        )
