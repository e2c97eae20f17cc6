# SPDX-License-Identifier: Apache-2.0
"""Stored results: `benchmarks/results/<machine>/<question>.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.result import Outcome

if TYPE_CHECKING:
    from pathlib import Path


def path_of(root: Path, outcome: Outcome) -> Path:
    """Return where an outcome is stored."""
    return root / "results" / outcome.slug / f"{outcome.question}.json"


def save(root: Path, outcome: Outcome) -> Path:
    """Store an outcome in place of the one before it."""
    path = path_of(root, outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(outcome.to_json(), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def latest(root: Path) -> dict[str, Outcome]:
    """Return the newest stored outcome of every question.

    Raises:
        ValueError: a stored result cannot be read.
    """
    found: dict[str, Outcome] = {}
    for path in sorted((root / "results").glob("*/*.json")):
        try:
            outcome = Outcome.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error
        before = found.get(outcome.question)
        if before is None or before.date <= outcome.date:
            found[outcome.question] = outcome
    return dict(sorted(found.items()))
