# SPDX-License-Identifier: Apache-2.0
"""The directive ``cpp-layer``: the public headers of a layer, a section each, contracts first.

It renders what the headers themselves say, so the reference cannot say something else: the comment
above each public type, and the type's public declarations with their own comments.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

INCLUDE = Path(__file__).resolve().parents[2] / "include"
_TYPE = re.compile(
    r"(?P<comment>(?:^[ \t]*//[^\n]*\n)+)"
    r"(?P<head>(?:^template\s*<[^\n]*>\s*\n?)?^(?:class|struct|enum class|enum struct)\s+[^;{]*)\{",
    re.MULTILINE,
)


def types(text: str) -> list[tuple[str, str, str]]:
    """Commented types at the left margin of a header: comment, declaration, public body."""
    found = []
    for match in _TYPE.finditer(text):
        lines = [re.sub(r"^\s*///?<? ?", "", line) for line in match["comment"].splitlines()]
        lines = [line for line in lines if "SPDX-License" not in line]
        found.append(("\n".join(lines), " ".join(match["head"].split()), _body(text, match.end())))
    return found


def _body(text: str, start: int) -> str:
    """The public part of a type whose brace was just opened, without function bodies."""
    end = _closing(text, start)
    body = text[start : end - 1]
    public = re.split(r"^ (?:private|protected):", body, maxsplit=1, flags=re.MULTILINE)[0]
    return re.sub(r"^ public:\n", "", _outline(public).strip("\n"), flags=re.MULTILINE)


def _closing(text: str, start: int) -> int:
    """The place behind the brace that closes the one opened before ``start``."""
    depth = 1
    while depth and start < len(text):
        depth += {"{": 1, "}": -1}.get(text[start], 0)
        start += 1
    return start


def _outline(body: str) -> str:
    """Declarations with a semicolon in place of each function's body."""
    kept, at = "", 0
    for match in re.finditer(
        r"\)(?P<ends>[\w\s&]*?)(?P<members>\s*:\s[^;{}]*(?:\{[^{}]*\}[^;{}]*)*?)?\s*\{", body
    ):
        if match.start() < at:
            continue
        kept += body[at : match.start()] + ")" + match["ends"].rstrip() + ";"
        at = _closing(body, match.end())
    return kept + body[at:]


class CppLayer(SphinxDirective):
    """``cpp-layer:: bus`` takes ``include/cogway/bus/*.hpp``; a file may be named instead."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Renders the headers; a layer or file that is not there is an error of the page."""
        place = INCLUDE / "cogway" / self.arguments[0]
        headers = sorted(place.glob("*.hpp")) if place.is_dir() else [place]
        if not headers or not headers[0].is_file():
            raise self.error(f"no header at {self.arguments[0]}")
        return [self._section(path) for path in headers]

    def _section(self, path: Path) -> nodes.section:
        self.env.note_dependency(str(path))
        text = path.read_text()
        name = str(path.relative_to(INCLUDE))
        section = nodes.section(ids=[nodes.make_id(name)])
        section += nodes.title(text=name)
        self._prose(_opening(text), section)
        for comment, head, body in types(text):
            section += nodes.rubric(text=_name(head))
            self._prose(comment, section)
            section += _code(f"{head} {{\n{body}\n}};")
        functions = "\n\n".join(_functions(text))
        if functions:
            section += _code(functions)
        return section

    def _prose(self, comment: str, into: nodes.Element) -> None:
        """The comment as the page's own markup; each contract line is a paragraph of its own."""
        text = re.sub(r"\n(?=\*\*)", "\n\n", comment.strip())
        lines = StringList(text.splitlines(), source=self.arguments[0])
        self.state.nested_parse(lines, 0, into)


def _code(text: str) -> nodes.literal_block:
    block = nodes.literal_block(text, text)
    block["language"] = "cpp"
    return block


def _opening(text: str) -> str:
    """The comment at the top of a header, behind its licence and its guard."""
    match = re.search(r"\A(?:// SPDX[^\n]*\n|#pragma once\n|\n)*((?://[^\n]*\n)+)", text)
    lines = match.group(1).splitlines() if match else []
    return "\n".join(re.sub(r"^// ?", "", line) for line in lines)


def _functions(text: str) -> list[str]:
    """Commented free functions and constants at the left margin."""
    found = []
    for match in re.finditer(r"((?:^///[^\n]*\n)+)(^[\w\[][^;{]*)[;{]", text, re.MULTILINE):
        head = match.group(2).strip()
        if not re.match(r"(?:template|class|struct|enum|namespace|union)\b", head):
            found.append(f"{match.group(1)}{head};")
    return found


def _name(head: str) -> str:
    plain = re.sub(r"template\s*<.*>\s*(?=class|struct)", "", head)
    attributes = r"(?:\[\[.*?\]\]\s*)?(?:alignas\(.*?\)\s*)?"
    match = re.match(rf"(?:class|struct|enum class|enum struct)\s+{attributes}(\w+)", plain)
    return match.group(1) if match else plain


def setup(app: object) -> dict[str, bool]:
    """Registers the directive."""
    app.add_directive("cpp-layer", CppLayer)  # type: ignore[attr-defined]
    return {"parallel_read_safe": True}
