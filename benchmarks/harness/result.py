# SPDX-License-Identifier: Apache-2.0
"""A measured question: rows, ratios, targets, and their JSON."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from harness.question import Metric, Question, Target

if TYPE_CHECKING:
    from collections.abc import Collection

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant's samples of one metric of one case, a sample a round."""

    case: str
    contestant: str
    metric: Metric
    samples: tuple[float, ...]
    ratio: float | None  # median over the rounds of sample / floor's sample; above 1: worse

    @property
    def median(self) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.samples)

    @property
    def best(self) -> float:
        """Return the best round."""
        return min(self.samples) if self.metric.better == "lower" else max(self.samples)

    def to_json(self) -> dict[str, Any]:
        """Return the row as the stored result holds it."""
        return {
            "case": self.case,
            "contestant": self.contestant,
            "metric": asdict(self.metric),
            "samples": list(self.samples),
            "best": _rounded(self.best),
            "median": _rounded(self.median),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and what was reached."""

    text: str
    relation: str
    limit: float
    value: float | None  # None: it could not be measured
    ratio: bool
    met: bool | None
    beside: str = ""  # whom the ratio is to

    def line(self) -> str:
        """Return the verdict as a line of text."""
        state = {True: "met", False: "MISSED", None: "not measured"}[self.met]
        if self.value is None:
            return f"{state}: {self.text}"
        kind = f" x {self.beside}" if self.ratio else ""
        return f"{state}: {self.text}: {self.value:.4g} {self.relation} {self.limit:g}{kind}"


@dataclass(slots=True)
class Outcome:
    """Everything that one run of a question found."""

    question: str
    title: str
    floors: dict[str, str]  # by case
    date: str
    machine: dict[str, Any]
    slug: str
    machine_line: str
    quiet: dict[str, Any]
    rounds: int
    rows: list[Row] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    refused: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def noisy(self) -> list[str]:
        """Return why the figures cannot be trusted; empty when they can."""
        return list(self.quiet["reasons"])

    def cases(self) -> list[str]:
        """Return the names of the cases, in order."""
        return list(dict.fromkeys(row.case for row in self.rows))

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON; `from_json` reads it back."""
        found = {name: getattr(self, name) for name in _PLAIN}
        found["schema"] = SCHEMA
        found["rows"] = [row.to_json() for row in self.rows]
        found["verdicts"] = [asdict(verdict) for verdict in self.verdicts]
        return found

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Outcome:
        """Read an outcome back.

        Raises:
            ValueError: it is of another schema.
        """
        if found.get("schema") != SCHEMA:
            raise ValueError(
                f"the result has schema {found.get('schema')!r}, this harness reads {SCHEMA}: "
                "measure again"
            )
        outcome = cls(**{name: found[name] for name in _PLAIN})
        for row in found["rows"]:
            metric = Metric(**row["metric"])
            outcome.rows.append(
                Row(row["case"], row["contestant"], metric, tuple(row["samples"]), row["ratio"])
            )
        outcome.verdicts = [Verdict(**verdict) for verdict in found["verdicts"]]
        return outcome


_PLAIN = (
    "question",
    "title",
    "floors",
    "date",
    "machine",
    "slug",
    "machine_line",
    "quiet",
    "rounds",
    "labels",
    "versions",
    "absent",
    "refused",
    "failed",
)

Samples = dict[str, dict[str, dict[str, list[float]]]]
"""case → contestant → metric → a value a round."""


def rows(question: Question, samples: Samples) -> list[Row]:
    """Turn samples into rows with ratios to the floor of the same rounds."""
    found = []
    for case in question.cases:
        measured = samples.get(case.name, {})
        base = measured.get(case.floor or question.floor, {})
        for contestant, metrics in measured.items():
            for metric in case.metrics:
                values = metrics.get(metric.name, [])
                if values:
                    ratio = paired_ratio(metric, values, base.get(metric.name, []))
                    kept = tuple(_rounded(value) for value in values)
                    found.append(Row(case.name, contestant, metric, kept, ratio))
    return found


def paired_ratio(metric: Metric, values: list[float], floor: list[float]) -> float | None:
    """Return the median over the rounds of value against floor, or None without a floor."""
    pairs = [metric.ratio(ours, theirs) for ours, theirs in zip(values, floor, strict=False)]
    return statistics.median(pairs) if pairs else None


def judge(question: Question, samples: Samples, cases: Collection[str]) -> list[Verdict]:
    """Hold the samples against the question's targets, as far as their cases were run."""
    return [_judge(samples, target) for target in question.targets if target.case in cases]


def _judge(samples: Samples, target: Target) -> Verdict:
    measured = samples.get(target.case, {})
    ours = measured.get(target.contestant, {}).get(target.metric, [])
    value: float | None = None
    beside = ""
    if not target.of:
        value = statistics.median(ours) if ours else None
    else:
        rivals = target.of
        if rivals == ("*",):
            rivals = tuple(
                name
                for name in measured
                if name != target.contestant and name not in target.exclude
            )
        for rival in rivals:
            theirs = measured.get(rival, {}).get(target.metric, [])
            ratios = [a / b for a, b in zip(ours, theirs, strict=False) if b]
            if ratios:
                ratio = statistics.median(ratios)
                worse = max if target.relation == "<=" else min
                if value is None or worse(ratio, value) != value:
                    value, beside = ratio, rival
    met = None
    if value is not None:
        met = value <= target.limit if target.relation == "<=" else value >= target.limit
    return Verdict(target.text, target.relation, target.limit, value, bool(target.of), met, beside)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
