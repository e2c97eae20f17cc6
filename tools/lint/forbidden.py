# SPDX-License-Identifier: Apache-2.0
"""Words that may not stand in sources, each with what to do instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_CPP = (".hpp", ".h", ".cpp", ".c")
_SHIPPED = ("include/", "src/", "packs/")


class _Ban(NamedTuple):
    pattern: re.Pattern[str]
    suffixes: tuple[str, ...]
    under: tuple[str, ...]
    instead: str


_BANS = (
    _Ban(
        # The one that is let through asks for the state that there is.
        re.compile(r"\bPyGILState_(?!GetThisThreadState\b)\w+"),
        _CPP,
        (),
        "keep one thread state per (thread, interpreter)",
    ),
    _Ban(
        re.compile(r"\batomic_(?:thread|signal)_fence\b"),
        _CPP,
        (),
        "use ordered operations: TSan does not see standalone fences",
    ),
    _Ban(
        re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("),
        _CPP,
        (*_SHIPPED, "tests/cpp/", "tests/model/", "tests/stress/"),
        "wait on an event, or drive a manual clock",
    ),
    _Ban(
        re.compile(r"\btime\.sleep\s*\(|\basyncio\.sleep\s*\(\s*(?!0\s*\))"),
        (".py",),
        ("tests/",),
        "wait for an event: a test that sleeps is slow or wrong",
    ),
    _Ban(
        re.compile(r"\bstd::(?:format|expected|move_only_function)\b"),
        _CPP,
        (),
        "g++ 12 does not have it",
    ),
)
_BROKEN_RULE = re.compile(r"^[ ]*// -{3,} [^\n]*\w\n[ ]*// -{10,}$", re.MULTILINE)
_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")
_RULES_THEMSELVES = ("tools/lint/", "tests/architecture/")


def forbidden(tree: Tree) -> Iterator[Breach]:
    """Calls and words that the laws exclude; unfinished work without its issue."""
    for ban in _BANS:
        for name in tree.select(*ban.suffixes, under=ban.under):
            if name.startswith(_RULES_THEMSELVES):
                continue
            lines = tree.code_lines(name) if name.endswith(_CPP) else _python_lines(tree, name)
            for number, line in lines:
                if found := ban.pattern.search(line):
                    yield Breach(name, number, f"{found.group().strip()}: {ban.instead}")
    for name in tree.select(*_CPP):
        text = tree.text(name)
        for found in _BROKEN_RULE.finditer(text):
            number = text.count("\n", 0, found.start()) + 1
            yield Breach(name, number, "a section's rule broken in two lines: make it shorter")
    for name in tree.select(*_CPP, ".py", ".pyi", ".cmake", ".txt", ".toml"):
        if name.startswith(_RULES_THEMSELVES):
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if found := _UNFINISHED.search(line):
                yield Breach(name, number, f"{found.group()} without its issue: TODO(#12)")


def _python_lines(tree: Tree, name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(tree.text(name).splitlines(), 1):
        yield number, line.split("#", 1)[0]
