# SPDX-License-Identifier: Apache-2.0
"""Stamps: what was made, from which inputs, so that nothing is made twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dev import ROOT
from dev.console import query

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PACKAGE_INPUTS = (
    "CMakeLists.txt",
    "LICENSE",
    "README.md",
    "cmake",
    "include",
    "packs",
    "pyproject.toml",
    "python",
    "src",
)
"""What an installed package is made from."""


def digest(paths: Iterable[str], *more: str) -> str:
    """A hash of the contents of files that git tracks or would track, and of further words."""
    listing = [
        "git",
        "-C",
        str(ROOT),
        "ls-files",
        "-z",
        "-co",
        "--exclude-standard",
        "--deduplicate",
    ]
    answer = query([*listing, "--", *paths])
    names = _walk(paths) if answer is None else answer.split("\0")
    total = hashlib.sha256()
    for name in sorted(filter(None, names)):
        path = ROOT / name
        if path.is_file():
            total.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for word in more:
        total.update(b"\0" + word.encode())
    return total.hexdigest()


def _walk(paths: Iterable[str]) -> list[str]:
    """Files below the paths, for a source archive that is no git checkout."""
    found: list[str] = []
    for name in paths:
        path = ROOT / name
        if path.is_file():
            found.append(name)
        elif path.is_dir():
            found += [
                str(file.relative_to(ROOT))
                for file in path.rglob("*")
                if file.is_file() and "__pycache__" not in file.parts
            ]
    return found


def fresh(stamp: Path, value: str) -> bool:
    """Whether the stamp holds this value."""
    try:
        return stamp.read_text() == value
    except OSError:
        return False


def write(stamp: Path, value: str) -> None:
    """Records a value once what it stands for is made."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)
