# SPDX-License-Identifier: Apache-2.0
"""Every exported Python name and every C++ layer has its place in the reference."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from lint.python_declarations import exported, public_modules
from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTIVE = re.compile(
    r"(?:auto(?:class|function|exception|data|attribute)|py:\w+)::?\}?\s+([\w.]+)"
)


def documented_names(tree: Tree) -> Iterator[Breach]:
    """Names of each ``__all__`` against the directives in docs/reference."""
    pages = tree.select(".md", ".rst", under=("docs/reference/",))
    documented = {found for page in pages for found in _DIRECTIVE.findall(tree.text(page))}
    for dotted, file in public_modules(tree).items():
        module = ast.parse(tree.text(file))
        for name in exported(module):
            full = f"{dotted}.{name}"
            top = f"cogway.{name}"
            if full not in documented and top not in documented and not name.startswith("__"):
                yield Breach(file, 1, f"{full} has no entry in docs/reference")
