# SPDX-License-Identifier: Apache-2.0
"""What memory allows: pinned C++ threads that read three bytes and write one (`floor/`)."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

program: Any = sibling(__file__, "_program")


class Floor(Contestant):
    label = "the limit of memory: C++ that reads 3 bytes and writes 1"

    def open(self) -> None:
        self._programs = program.Programs("touch")

    def measure(self, case: Case) -> dict[str, float]:
        return self._programs.measure(case)

    def close(self) -> None:
        self._programs.close()
