# SPDX-License-Identifier: Apache-2.0
"""The checkout as rules see it: the files that git tracks or would track."""

from __future__ import annotations

import functools
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)


@dataclass(frozen=True)
class Breach:
    """One place where a rule is broken; ``text`` says what is wrong and what to do."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """As compilers write it, so that editors find the place."""
        return f"{self.path}:{self.line}: {self.text}"


class Tree:
    """A folder of sources. Paths are relative to it, with forward slashes."""

    def __init__(self, root: Path) -> None:
        """Opens the tree at a folder; without git every file below it counts."""
        self.root = root

    @functools.cached_property
    def files(self) -> list[str]:
        """All files, sorted; ignored and deleted ones left out."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard", "--deduplicate"],
            cwd=self.root,
            capture_output=True,
            check=False,
        )
        if listing.returncode == 0:
            names = listing.stdout.decode().split("\0")
        else:
            names = [str(path.relative_to(self.root)) for path in self.root.rglob("*")]
        return sorted(name for name in names if name and (self.root / name).is_file())

    def select(self, *suffixes: str, under: tuple[str, ...] = ()) -> list[str]:
        """Files with one of the suffixes, below one of the folders when any is named."""
        return [
            name
            for name in self.files
            if name.endswith(suffixes) and (not under or name.startswith(under))
        ]

    def text(self, name: str) -> str:
        """A file's contents."""
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    def code(self, name: str) -> str:
        """A C++ file with comments and literals blanked out; lines keep their numbers."""
        return strip(self.text(name))

    def code_lines(self, name: str) -> Iterator[tuple[int, str]]:
        """The lines of ``code``, numbered from one."""
        return enumerate(self.code(name).splitlines(), 1)


def strip(text: str) -> str:
    """C++ text with comments and literals blanked out; lines keep their numbers.

    An include line keeps its quoted name: that is no literal to a rule.
    """

    def blank(match: re.Match[str]) -> str:
        found = match.group()
        if found.startswith('"'):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if re.fullmatch(r"\s*#\s*include\s*", line):
                return found
        return re.sub(r"[^\n]", " ", found)

    return _COMMENT_OR_STRING.sub(blank, text)
