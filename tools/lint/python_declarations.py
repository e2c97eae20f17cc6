# SPDX-License-Identifier: Apache-2.0
"""Public names of the package with their signatures, read from the sources, not imported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lint.tree import Tree

PACKAGE = "python/cogway/"
_PRIVATE = ("demo", "cli")
"""Parts whose interface is a command, not names to import."""


def public_modules(tree: Tree) -> dict[str, str]:
    """Public modules of the package: dotted name to file."""
    found = {}
    for name in tree.select(".py", under=(PACKAGE,)):
        parts = (
            name.removeprefix("python/").removesuffix(".py").removesuffix("/__init__").split("/")
        )
        hidden = any(part.startswith("_") for part in parts[1:])
        if not hidden and (len(parts) < 2 or parts[1] not in _PRIVATE):
            found[".".join(parts)] = name
    return found


def exported(module: ast.Module) -> list[str]:
    """The names in a module's ``__all__``."""
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        named = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
        if named and isinstance(value, ast.List | ast.Tuple):
            constants = [element for element in value.elts if isinstance(element, ast.Constant)]
            return [item.value for item in constants if isinstance(item.value, str)]
    return []


def declarations(tree: Tree) -> Iterator[str]:
    """One line for each public name, and for each public member of a public class."""
    files = [*tree.select(".py", under=(PACKAGE,)), *tree.select(".pyi", under=(PACKAGE,))]
    defined = {name: ast.parse(tree.text(name)) for name in files}
    for dotted, file in sorted(public_modules(tree).items()):
        for name in sorted(exported(defined[file])):
            node = _find(name, file, defined)
            yield from _describe(f"{dotted}.{name}", node)


def _find(name: str, file: str, defined: dict[str, ast.Module]) -> ast.stmt | None:
    """The definition of an exported name: in its module, or where the module imports it from."""
    module = defined[file]
    for node in module.body:
        if _binds(node, name):
            return node
    for node in module.body:
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == name and node.module:
                base = "python/" + node.module.replace(".", "/")
                for candidate in (f"{base}.pyi", f"{base}.py", f"{base}/__init__.py"):
                    if candidate in defined:
                        return _find(alias.name, candidate, defined)
    return None


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == name
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    return False


def _describe(path: str, node: ast.stmt | None) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        decorators = "".join(f"@{ast.unparse(item)} " for item in node.decorator_list)
        result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        yield f"{decorators}{kind} {path}({ast.unparse(node.args)}){result}"
    elif isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, [*node.bases]))
        yield f"class {path}({bases})"
        for member in node.body:
            name = getattr(member, "name", None)
            target = getattr(member, "target", None)
            if isinstance(member, ast.AnnAssign) and isinstance(target, ast.Name):
                if not target.id.startswith("_"):
                    yield f"{path}.{target.id}: {ast.unparse(member.annotation)}"
            elif name and (not name.startswith("_") or name.startswith("__")):
                yield from _describe(f"{path}.{name}", member)
    elif isinstance(node, ast.AnnAssign):
        yield f"{path}: {ast.unparse(node.annotation)}"
    else:
        yield path
