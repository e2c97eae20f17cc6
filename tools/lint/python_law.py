# SPDX-License-Identifier: Apache-2.0
"""The law of imports: what stands on the package uses its public names only."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

GUESTS = ("python/cogway/demo/", "python/cogway/cli/", "examples/", "benchmarks/")
"""Code that outsiders could have written: it may not reach into private modules."""

HEAVY = frozenset({"asyncio", "numpy", "torch", "rich", "PIL", "matplotlib", "uvloop"})
"""Not imported by ``import cogway``, so not at the top of a module that it imports."""


def python_law(tree: Tree) -> Iterator[Breach]:
    """Private modules stay private, and importing the package stays light."""
    sources = tree.select(".py", under=("python/cogway/", "examples/", "benchmarks/"))
    parsed = {name: ast.parse(tree.text(name)) for name in sources}
    for name, module in parsed.items():
        if name.startswith(GUESTS):
            yield from _private(name, module)
    for name in _imported_at_once(parsed):
        for node in parsed[name].body:
            for imported in _imported(node):
                if imported.split(".")[0] in HEAVY:
                    text = f"import {imported} makes `import cogway` heavy: import it late"
                    yield Breach(name, node.lineno, text)


def _imported_at_once(parsed: dict[str, ast.Module]) -> list[str]:
    """The files that ``import cogway`` runs: what its modules import at their top."""
    reached: dict[str, None] = {}
    todo = ["python/cogway/__init__.py"]
    while todo:
        name = todo.pop()
        if name not in parsed or name in reached:
            continue
        reached[name] = None
        for node in parsed[name].body:
            for imported in _imported(node):
                base = f"python/{imported.replace('.', '/')}"
                todo += [f"{base}.py", f"{base}/__init__.py"]
    return list(reached)


def _private(name: str, module: ast.Module) -> Iterator[Breach]:
    own = ".".join(name.removeprefix("python/").split("/")[:2])
    for node in ast.walk(module):
        hidden = next((path for path in _imported(node) if _is_private(path, own)), None)
        if hidden:
            line = getattr(node, "lineno", 1)
            yield Breach(name, line, f"{hidden} is private to the package: use public names")


def _is_private(imported: str, own: str) -> bool:
    """Whether a dotted name is private to cogway and not to the importing part itself."""
    first, *rest = imported.split(".")
    hidden = any(part.startswith("_") and not part.endswith("__") for part in rest)
    return first == "cogway" and hidden and not imported.startswith(f"{own}.")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
