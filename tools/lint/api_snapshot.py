# SPDX-License-Identifier: Apache-2.0
"""The public interface as recorded in tools/lint/api; a change needs a line in CHANGELOG.md."""

from __future__ import annotations

import difflib
import hashlib
import re
from typing import TYPE_CHECKING

from lint import cpp_declarations, python_declarations
from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = "tools/lint/api/python.txt"
CPP = "tools/lint/api/cpp.txt"
_SHOWN = 12


def current(tree: Tree) -> dict[str, str]:
    """What the sources declare now: record name to text."""
    python = "\n".join(python_declarations.declarations(tree))
    headers = [
        name
        for name in tree.select(".hpp", ".h", under=("include/cogway/",))
        if "/detail/" not in name
    ]
    cpp = []
    for name in headers:
        cpp.append(f"# {name.removeprefix('include/')}")
        cpp += cpp_declarations.declarations(tree.text(name))
    return {PYTHON: python + "\n", CPP: "\n".join(cpp) + "\n"}


def unreleased(tree: Tree) -> str:
    """Hash of the changelog's unreleased part."""
    text = tree.text("CHANGELOG.md") if "CHANGELOG.md" in tree.files else ""
    match = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return hashlib.sha256((match.group(1) if match else "").strip().encode()).hexdigest()[:16]


def _recorded(tree: Tree, name: str) -> tuple[str, str]:
    """The changelog hash in a record's first line, and the rest."""
    if name not in tree.files:
        return "", ""
    first, _, rest = tree.text(name).partition("\n")
    return first.removeprefix("# changelog "), rest


def api_snapshot(tree: Tree) -> Iterator[Breach]:
    """The sources declare what the records say."""
    for name, text in current(tree).items():
        _, recorded = _recorded(tree, name)
        if text == recorded:
            continue
        changes = [
            line
            for line in difflib.unified_diff(
                recorded.splitlines(), text.splitlines(), lineterm="", n=0
            )
            if line[:1] in "+-" and line[:3] not in {"+++", "---"}
        ]
        shown = "\n    ".join(changes[:_SHOWN])
        more = f"\n    and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        yield Breach(
            name,
            1,
            "the public interface changed: say so under Unreleased in CHANGELOG.md, then run "
            f"./dev lint --renew-api\n    {shown}{more}",
        )


def renew(tree: Tree) -> list[str]:
    """Writes the records anew.

    Returns:
        Names of the records written.

    Raises:
        ValueError: The interface changed but the changelog's unreleased part did not.
    """
    changelog = unreleased(tree)
    written = []
    for name, text in current(tree).items():
        before, recorded = _recorded(tree, name)
        if text == recorded:
            continue
        if before == changelog:
            raise ValueError(
                f"{name}: the public interface changed and CHANGELOG.md says nothing of it: "
                "add a line under Unreleased"
            )
        path = tree.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# changelog {changelog}\n{text}")
        written.append(name)
    return written
