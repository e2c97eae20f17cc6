# SPDX-License-Identifier: Apache-2.0
"""Public declarations of C++ headers, by a scan of braces: enough to see an interface change."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lint.tree import strip

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE = re.compile(
    r"\b(class|struct|union|enum(?:\s+class|\s+struct)?)\s+(?:alignas\([^)]*\)\s*|\[\[.*?\]\]\s*)*(\w+)"
)
_ACCESS = re.compile(r"^\s*(public|protected|private)\s*:")
_DIRECTIVE = re.compile(r"^[ \t]*#(?:.*\\\n)*.*$", re.MULTILINE)


@dataclass
class _Scope:
    kind: str  # namespace, type, enum or body
    name: str
    public: bool
    parts: list[str] = field(default_factory=list)


def declarations(text: str) -> Iterator[str]:
    """Public declarations in reading order, each as ``Scope::declaration``.

    Bodies, private members and everything in a namespace ``detail`` or without a name are left out.
    """
    scopes = [_Scope("namespace", "", public=True)]
    pending = ""
    for token in re.findall(r"[{};]|[^{};]+", _DIRECTIVE.sub("", strip(text))):
        scope = scopes[-1]
        if token not in "{};":
            pending += token
            continue
        pending = _access(scope, pending)
        statement = " ".join(pending.split())
        if token == ";":
            if (
                statement
                and _visible(scopes)
                and not statement.startswith(("friend", "static_assert"))
            ):
                yield _line(scopes, statement)
            pending = ""
        elif token == "{":
            opened = _open(statement, scope)
            if opened.kind == "body" and _continues(statement):
                pending += "{}"  # an initialiser inside a declaration
            elif statement and _visible(scopes) and opened.kind in {"type", "enum", "body"}:
                yield _line(scopes, _head(statement))
            scopes.append(opened)
            if pending.endswith("{}"):
                opened.name = pending
            pending = ""
        else:
            closed = scopes.pop() if len(scopes) > 1 else scope
            if closed.kind == "enum" and _visible(scopes) and statement:
                yield _line([*scopes, closed], statement)
            pending = closed.name if closed.name.endswith("{}") else ""


def _access(scope: _Scope, pending: str) -> str:
    while match := _ACCESS.match(pending):
        scope.public = match.group(1) == "public"
        pending = pending[match.end() :]
    return pending


def _visible(scopes: list[_Scope]) -> bool:
    return all(scope.public and scope.kind != "body" for scope in scopes)


def _open(statement: str, outer: _Scope) -> _Scope:
    if re.match(r"(?:inline\s+)?namespace\b", statement):
        name = statement.split("namespace", 1)[1].strip()
        return _Scope("namespace", name, public=bool(name) and "detail" not in name.split("::"))
    if statement.startswith("extern"):
        return _Scope("namespace", "", public=True)
    head = re.sub(r"template\s*<(?:[^<>]|<[^<>]*>)*>", "", statement)
    match = _TYPE.search(head)
    if match and "(" not in head.split(match.group(2), 1)[1] and outer.kind != "body":
        kind = "enum" if match.group(1).startswith("enum") else "type"
        return _Scope(kind, match.group(2), public=match.group(1) != "class")
    return _Scope("body", "", public=False)


def _continues(statement: str) -> bool:
    """Whether the brace opens an initialiser, so that the declaration goes on behind it."""
    return ")" not in statement and bool(statement)


def _head(statement: str) -> str:
    """A function without its member initialisers, a type with its bases."""
    return re.sub(r"\)\s*(noexcept)?\s*:\s*\w+(?:<.*?>)?\s*\(.*$", r") \1", statement).strip()


def _line(scopes: list[_Scope], statement: str) -> str:
    names = [scope.name for scope in scopes if scope.name]
    return f"{'::'.join(names)}: {statement}" if names else statement
