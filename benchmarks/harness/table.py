# SPDX-License-Identifier: Apache-2.0
"""Outcomes as text tables for the terminal and as Markdown for the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.result import Outcome, Row

_HEAD = ("contestant", "metric", "best", "median", "ratio")


def number(value: float) -> str:
    """Return a figure with three or four significant digits, and thousands set apart."""
    size = abs(value)
    if size >= 1000:
        return f"{float(f'{value:.4g}'):,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.2g}"


def columns(lines: Sequence[Sequence[str]], right: int) -> list[str]:
    """Align lines in columns; the first `right` are set left, the rest right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < right else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def text(outcome: Outcome) -> str:
    """Return the whole outcome for a terminal."""
    parts = [f"{outcome.title}", f"{outcome.machine_line}", f"{outcome.date}"]
    parts += [f"NOISY {reason}" for reason in outcome.noisy]
    for case in outcome.cases():
        lines = [
            _HEAD,
            *(
                (
                    _name(outcome, row),
                    f"{row.metric.name} [{row.metric.unit}]",
                    number(row.best),
                    number(row.median),
                    _ratio(outcome, row),
                )
                for row in _rows(outcome, case, headline_only=False)
            ),
        ]
        parts += ["", case, *("  " + line for line in columns(lines, 2))]
    parts.append("")
    for label, found in (("absent", outcome.absent), ("failed", outcome.failed)):
        parts += [f"{label}: {name}: {reason}" for name, reason in sorted(found.items())]
    for name, cases in sorted(outcome.refused.items()):
        by_reason: dict[str, list[str]] = {}
        for case, reason in cases.items():
            by_reason.setdefault(reason, []).append(case)
        for reason, names in by_reason.items():
            parts.append(f"left out: {name}: {reason} ({'; '.join(names)})")
    parts += [verdict.line() for verdict in outcome.verdicts]
    return "\n".join(parts).rstrip() + "\n"


def markdown(outcome: Outcome, cases: Iterable[str] | None = None) -> str:
    """Return the headline rows as a Markdown table, losing rows included, with machine and date."""
    chosen = list(outcome.cases() if cases is None else cases)
    lines = [
        "| case | contestant | best | median | ratio |",
        "|---|---|---:|---:|---:|",
    ]
    for case in chosen:
        for row in _rows(outcome, case, headline_only=True):
            unit = f" {row.metric.unit}"
            name = _name(outcome, row)
            if row.contestant == "cogway" or row.contestant.startswith("cogway "):
                name = f"**{name}**"
            what = row.case
            if len(_headlines(outcome, case)) > 1:
                what = f"{row.case}: {row.metric.name.replace('_', ' ')}"
            lines.append(
                f"| {what} | {name} | {number(row.best)}{unit} | {number(row.median)}{unit} "
                f"| {_ratio(outcome, row)} |"
            )
    lines.append("")
    state = "" if not outcome.noisy else f" Noisy: {'; '.join(outcome.noisy)}."
    lines.append(f"<sub>{outcome.machine_line}; {outcome.date}.{state}</sub>")
    if outcome.absent:
        names = ", ".join(sorted(outcome.absent))
        lines.append(f"<sub>Not installed for this run: {names}.</sub>")
    return "\n".join(lines)


def targets(outcomes: Iterable[Outcome]) -> str:
    """Return every target of every question as one Markdown table."""
    lines = ["| question | target | reached | |", "|---|---|---:|---|"]
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            state = {True: "met", False: "**missed**", None: "not measured"}[verdict.met]
            value = "–"
            if verdict.value is not None:
                sign = {"<=": "≤", ">=": "≥"}[verdict.relation]
                beside = f" × {verdict.beside}" if verdict.ratio else ""
                value = f"{number(verdict.value)} {sign} {verdict.limit:g}{beside}"
            lines.append(f"| {outcome.question} | {verdict.text} | {value} | {state} |")
    return "\n".join(lines)


def _headlines(outcome: Outcome, case: str) -> list[str]:
    found = dict.fromkeys(
        row.metric.name for row in outcome.rows if row.case == case and row.metric.headline
    )
    return list(found)


def _rows(outcome: Outcome, case: str, *, headline_only: bool) -> list[Row]:
    """Return the rows of a case, by metric, the best first."""
    rows = [
        row
        for row in outcome.rows
        if row.case == case and (row.metric.headline or not headline_only)
    ]
    order = list(dict.fromkeys(row.metric.name for row in rows))
    return sorted(
        rows,
        key=lambda row: (
            order.index(row.metric.name),
            row.median if row.metric.better == "lower" else -row.median,
        ),
    )


def _name(outcome: Outcome, row: Row) -> str:
    label = outcome.labels.get(row.contestant) or row.contestant
    version = outcome.versions.get(row.contestant)
    return f"{label} ({version})" if version else label


def _ratio(outcome: Outcome, row: Row) -> str:
    if row.ratio is None:
        return "–"
    return "1" if row.contestant == outcome.floors.get(row.case) else f"{row.ratio:.2f}"
