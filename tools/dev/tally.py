# SPDX-License-Identifier: Apache-2.0
"""Counting what passed, from the reports that test runners write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Tally:
    """What one step ran; ``notes`` are shown beside the counts, failed names first."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds the counts and notes of another part of the same step."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes

    def record(self, name: str, problem: str | None) -> None:
        """Counts one check: passed when there is no problem."""
        if problem is None:
            self.passed += 1
        else:
            self.failed += 1
            self.notes.append(f"{name}: {problem}")

    def __str__(self) -> str:
        """The counts as runners write them."""
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def from_junit(report: Path) -> Tally:
    """The counts of a JUnit file, as pytest and ctest write it; a missing file is one failure."""
    tally = Tally()
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        return Tally(failed=1, notes=[f"no readable report {report.name}: {error}"])
    reasons: dict[str, int] = {}
    for case in cases:
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"} or case.get("status") == "fail":
            tally.failed += 1
            tally.notes.append(f"FAILED {case.get('classname', '')}::{case.get('name', '')}")
        elif "skipped" in kinds or case.get("status") in {"notrun", "disabled"}:
            tally.skipped += 1
            skipped = case.find("skipped")
            reason = skipped.get("message") if skipped is not None else None
            reasons[reason or "no reason"] = reasons.get(reason or "no reason", 0) + 1
        else:
            tally.passed += 1
    tally.notes += [f"{count} skipped: {reason}" for reason, count in sorted(reasons.items())]
    return tally
