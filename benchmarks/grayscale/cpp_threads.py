# SPDX-License-Identifier: Apache-2.0
"""A C++ program with a plain loop and threads of its own, compiled for this machine."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

program: Any = sibling(__file__, "_program")


class CppThreads(Contestant):
    label = "C++, a plain loop and std::thread"

    def open(self) -> None:
        self._programs = program.Programs("gray")

    def refuses(self, case: Case) -> str | None:
        return "its loop has no checks to turn on" if case.params["checked"] else None

    def measure(self, case: Case) -> dict[str, float]:
        return self._programs.measure(case)

    def close(self) -> None:
        self._programs.close()
