# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over every translation unit, remembered by the contents of all of ours it includes."""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import json
import os
import re
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lint.programs import program
from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILD = "build/lint"
"""The build tree whose compile commands are used: configured, never built."""

BUDGET_S = 900
_WARNING = re.compile(r"^(?P<path>/[^:]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*)$")
_FOLDERS = ("src/", "packs/")
_INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def clang_tidy(tree: Tree) -> Iterator[Breach]:
    """Units that changed since they were last found clean, within a budget of time.

    What the budget leaves unchecked is said, and is first in the next run.
    """
    build = tree.root / BUILD
    if not (build / "compile_commands.json").is_file():
        yield Breach(BUILD, 1, "no compile commands: ./dev lint clang-tidy makes them")
        return
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cogway" / "clang-tidy"
    )
    cache.mkdir(parents=True, exist_ok=True)
    units = list(_units(tree, build))
    tools = _versions(tree)
    keys = [_key(tree, name, command, tools) for name, command in units]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        todo = [unit for unit, key in zip(units, keys, strict=True) if not (cache / key).exists()]
        marks = {unit[0]: cache / key for unit, key in zip(units, keys, strict=True)}
        deadline = time.monotonic() + BUDGET_S
        results = pool.map(lambda unit: _check(tree, build, unit[0], deadline), todo)
        unchecked = 0
        for (name, _), found in zip(todo, results, strict=True):
            if found is None:
                unchecked += 1
            elif found:
                yield from found
            else:
                marks[name].touch()
    if unchecked:
        print(f"clang-tidy: {unchecked} units left unchecked after {BUDGET_S} s; run it again")


def _units(tree: Tree, build: Path) -> Iterator[tuple[str, list[str]]]:
    commands = json.loads((build / "compile_commands.json").read_text())
    for entry in commands:
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(tree.root.resolve()) and path.is_file():
            name = str(path.relative_to(tree.root.resolve()))
            if name.startswith(_FOLDERS):
                yield name, shlex.split(entry["command"])


def _versions(tree: Tree) -> bytes:
    """What else decides how a unit is checked: both programs and the settings."""
    asked = ([program("clang-tidy"), "--version"], ["c++", "--version"])
    said = [subprocess.run(words, capture_output=True, check=False).stdout for words in asked]
    return b"".join([*said, (tree.root / ".clang-tidy").read_bytes()])


def _key(tree: Tree, name: str, command: list[str], tools: bytes) -> str:
    """A hash of the unit, of all that it includes of ours, and of how it is compiled."""
    words = [word.replace(str(tree.root.resolve()), "") for word in command if "ccache" not in word]
    total = hashlib.sha256(tools + "\0".join(words).encode())
    folders = [Path(word[2:]) for word in command if word.startswith("-I")]
    for path in sorted(_closure(tree.root.resolve() / name, folders, {})):
        total.update(path.name.encode() + _contents(path))
    return total.hexdigest()


def _closure(path: Path, folders: list[Path], seen: dict[Path, None]) -> dict[Path, None]:
    """A file and what it includes in quotes, wherever the compiler would find that."""
    seen[path] = None
    for included in _INCLUDE.findall(_contents(path)):
        for folder in (path.parent, *folders):
            found = Path(os.path.normpath(folder / included.decode()))
            if found in seen:
                break
            if found.is_file():
                _closure(found, folders, seen)
                break
    return seen


@functools.cache
def _contents(path: Path) -> bytes:
    return path.read_bytes()


def _check(tree: Tree, build: Path, name: str, deadline: float) -> list[Breach] | None:
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    try:
        done = subprocess.run(
            [program("clang-tidy"), "-p", str(build), "--quiet", name],
            cwd=tree.root,
            capture_output=True,
            text=True,
            timeout=left + 30,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    breaches = []
    for line in done.stdout.splitlines():
        if match := _WARNING.match(line):
            path = os.path.relpath(match["path"], tree.root.resolve())
            breaches.append(Breach(path, int(match["line"]), match["text"]))
    if done.returncode != 0 and not breaches:
        breaches.append(Breach(name, 1, (done.stdout + done.stderr).strip()[-400:]))
    return breaches
