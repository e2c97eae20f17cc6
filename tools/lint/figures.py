# SPDX-License-Identifier: Apache-2.0
"""No measured figure is typed by hand: those of README and docs come from stored results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"\d[\d.,]*(?:\s*(?:to|–|-)\s*\d[\d.,]*)?"
_TIME = r"(?:ns|µs|us|ms|microseconds?|nanoseconds?|milliseconds?)\b"
_HEDGE = r"(?:some|about|around|roughly|nearly|almost|costs?|takes?|spends?)"
_MEASURED = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*(?:k|M|G)/s\b"  # a rate
    rf"|(?<![\w.]){_NUMBER}\s*[kMG]?i?B/s\b"
    rf"|\b{_HEDGE}(?:\s+{_HEDGE})*\s+{_NUMBER}\s*{_TIME}"  # what something costs
    rf"|(?<![\w.]){_NUMBER}\s*{_TIME}\s+(?:dearer|cheaper|faster|slower|quicker)\b"
    rf"|(?<![\w.]){_NUMBER}\s*(?:ns|µs|us)\s+(?:per|a|an|each)\b"
    r"|(?<![\w.])\d[\d.,]*\s*(?:times|×|x)\s+(?:dearer|cheaper|faster|slower|quicker|as|more)\b"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|twenty)\s+times\s+"
    r"(?:dearer|cheaper|faster|slower|quicker|the cost)\b"
)
_RENDERED = re.compile(r"<!-- bench:.*?<!-- /bench -->|^```.*?^```", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PAGES = ("README.md", "CHANGELOG.md", "docs/", "benchmarks/")
_CODE = ("include/", "src/", "packs/", "python/")


def figures(tree: Tree) -> Iterator[Breach]:
    """A duration or rate that somebody measured, in a page or a comment, outside rendered blocks.

    What a program is told (a budget of 150 µs, a window that doubles to 128 ms) is no figure of
    that kind: nothing there says what something costs.
    """
    for name in tree.select(".md", under=_PAGES):
        yield from _found(name, _blank(_RENDERED, tree.text(name)))
    for name in tree.select(".hpp", ".h", ".cpp", ".c", under=_CODE):
        yield from _found(name, _comments(tree.text(name)))
    for name in tree.select(".py", ".pyi", under=_CODE):
        yield from _found(name, tree.text(name))


def _found(name: str, text: str) -> Iterator[Breach]:
    for match in _MEASURED.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        what = " ".join(match.group().split())
        yield Breach(name, number, f"{what}: render it from a stored result, or say it without")


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def _comments(text: str) -> str:
    """C++ text with all but its comments blanked out, their marks too; lines keep their numbers."""
    kept, last = [], 0
    for match in _COMMENT.finditer(text):
        kept.append("\n" * text.count("\n", last, match.start()))
        kept.append(re.sub(r"[/*]", " ", match.group()))
        last = match.end()
    return "".join(kept)
