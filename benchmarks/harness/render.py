# SPDX-License-Identifier: Apache-2.0
"""Writes stored results into the blocks of README.md and the documents.

A block is `<!-- bench:NAME -->` ... `<!-- /bench -->`, where NAME is

- `targets`: every target of every question;
- a question: its headline rows;
- `question: case; case`: those cases alone.

A figure within a line, in a table of the page's own say, is
`<!-- figure:QUESTION; CASE; CONTESTANT; METRIC -->` ... `<!-- /figure -->`: the median with its
unit; with ` ratio` after the metric, the ratio to the floor.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness import store, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.result import Outcome

_BLOCK = re.compile(
    r"(?P<head><!-- bench:(?P<name>[^>]+?) -->\n)(?P<body>.*?)(?P<tail><!-- /bench -->)", re.DOTALL
)
_FIGURE = re.compile(r"(?P<head><!-- figure:(?P<name>[^>]+?) -->)[^<]*(?P<tail><!-- /figure -->)")
_NOTHING = "*No result is stored yet: `{command}`.*"
_COMMANDS = {"targets": "cogway bench --all --store", "soak": "./dev soak --store"}


class RenderError(Exception):
    """A block names a case that the stored result does not have, or is not closed."""


def block(name: str, outcomes: Mapping[str, Outcome]) -> str:
    """Return the text of the block `name`.

    Raises:
        RenderError: the block names a case that the stored result does not have.
    """
    if name == "targets":
        return table.targets(outcomes.values()) if outcomes else _nothing(name)
    question, _, rest = name.partition(":")
    outcome = outcomes.get(question.strip())
    if outcome is None:
        return _nothing(question.strip())
    cases = [case.strip() for case in rest.split(";") if case.strip()]
    unknown = [case for case in cases if case not in outcome.cases()]
    if unknown:
        raise RenderError(
            f"block {name!r}: the stored result has no case {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(map(repr, outcome.cases()))}"
        )
    return table.markdown(outcome, cases or None)


def _nothing(name: str) -> str:
    return _NOTHING.format(command=_COMMANDS.get(name, f"cogway bench {name} --store"))


def figure(name: str, outcomes: Mapping[str, Outcome]) -> str:
    """Return the text of the figure `name`; a dash where no result is stored.

    Raises:
        RenderError: the name is not of four parts, or the stored result has no such case.
    """
    parts = [part.strip() for part in name.split(";")]
    if len(parts) != 4:
        raise RenderError(f"figure {name!r}: expected question; case; contestant; metric")
    question, case, contestant, metric = parts
    outcome = outcomes.get(question)
    if outcome is None:
        return "–"
    if case not in outcome.cases():
        raise RenderError(f"figure {name!r}: the stored result has no case {case!r}")
    metric, _, ratio = metric.partition(" ")
    for row in outcome.rows:
        if (row.case, row.contestant, row.metric.name) == (case, contestant, metric):
            if ratio:
                return "–" if row.ratio is None else f"{table.number(row.ratio)} ×"
            return f"{table.number(row.median)} {row.metric.unit}"
    return "–"


def render(text: str, outcomes: Mapping[str, Outcome]) -> str:
    """Return a page with every block written anew.

    Raises:
        RenderError: a block is not closed or names an unknown case.
    """
    if text.count("<!-- bench:") != len(_BLOCK.findall(text)):
        raise RenderError("a block `<!-- bench:... -->` has no `<!-- /bench -->` after it")
    text = _BLOCK.sub(
        lambda match: match["head"] + block(match["name"], outcomes) + "\n" + match["tail"], text
    )
    return _FIGURE.sub(
        lambda match: match["head"] + figure(match["name"], outcomes) + match["tail"], text
    )


def pages(checkout: Path) -> list[Path]:
    """Return the pages of a checkout that may hold blocks."""
    return [checkout / "README.md", *sorted((checkout / "docs").rglob("*.md"))]


def render_pages(checkout: Path, *, write: bool) -> list[Path]:
    """Render every page; return those that differ from their rendering.

    Raises:
        RenderError: a block is not closed or names an unknown case.
        ValueError: a stored result cannot be read.
    """
    outcomes = store.latest(checkout / "benchmarks")
    changed = []
    for page in pages(checkout):
        if not page.is_file():
            continue
        before = page.read_text(encoding="utf-8")
        if "<!-- bench:" not in before and "<!-- figure:" not in before:
            continue
        try:
            after = render(before, outcomes)
        except RenderError as error:
            raise RenderError(f"{page}: {error}") from None
        if after != before:
            changed.append(page)
            if write:
                page.write_text(after, encoding="utf-8")
    return changed
