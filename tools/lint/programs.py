# SPDX-License-Identifier: Apache-2.0
"""Rules that other programs check: formatters, linters and type checkers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACE = re.compile(r"^(?P<path>[^\s:]+):(?P<line>\d+)(?::\d+)?: (?P<text>.*)$")


def program(name: str) -> str:
    """A program installed beside this interpreter, else by its name on the path."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name


def _run(
    tree: Tree, *command: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=tree.root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def _breaches(done: subprocess.CompletedProcess[str], otherwise: str) -> Iterator[Breach]:
    """The places that a failed program printed; all it printed when it named none."""
    if done.returncode == 0:
        return
    places = [
        Breach(match["path"], int(match["line"]), match["text"])
        for line in (done.stdout + done.stderr).splitlines()
        if (match := _PLACE.match(line)) and ": note: " not in line
    ]
    yield from places or [Breach(otherwise, 1, (done.stdout + done.stderr).strip())]


def clang_format(tree: Tree) -> Iterator[Breach]:
    """C and C++ are as clang-format writes them."""
    names = tree.select(".hpp", ".h", ".cpp", ".c")
    if names:
        done = _run(tree, program("clang-format"), "--dry-run", "--Werror", *names)
        files = dict.fromkeys(breach.path for breach in _breaches(done, "."))
        for path in files:
            yield Breach(path, 1, "not as clang-format writes it: clang-format -i")


def ruff(tree: Tree) -> Iterator[Breach]:
    """Python passes ruff."""
    options = ("check", "--output-format=concise", "--no-cache", "--quiet")
    yield from _breaches(_run(tree, program("ruff"), *options), "ruff")


def ruff_format(tree: Tree) -> Iterator[Breach]:
    """Python is as ruff writes it."""
    options = ("format", "--check", "--output-format=concise", "--no-cache", "--quiet")
    yield from _breaches(_run(tree, program("ruff"), *options), "ruff")


def mypy(tree: Tree) -> Iterator[Breach]:
    """Python is fully typed and the types hold."""
    command = ("-m", "mypy", "--no-error-summary", "--no-color-output")
    yield from _breaches(_run(tree, sys.executable, *command), "mypy")


def stubtest(tree: Tree) -> Iterator[Breach]:
    """_core.pyi says what the built module has."""
    options = ("--concise", "--allowlist", "tools/lint/stubtest.allow")
    done = _run(tree, sys.executable, "-m", "mypy.stubtest", "cogway._core", *options)
    if done.returncode != 0:
        for line in (done.stdout + done.stderr).strip().splitlines():
            yield Breach("python/cogway/_core.pyi", 1, line)


def type_completeness(tree: Tree) -> Iterator[Breach]:
    """Every public name has a type that a checker knows without guessing."""
    words = ("--verifytypes", "cogway", "--ignoreexternal", "--outputjson")
    path = {"PYTHONPATH": str(tree.root / "python")}
    done = _run(tree, program("basedpyright"), *words, env=path)
    try:
        found = json.loads(done.stdout)["typeCompleteness"]
    except (json.JSONDecodeError, KeyError):
        yield Breach("python/cogway", 1, (done.stdout + done.stderr).strip()[-400:])
        return
    if not found["symbols"]:
        yield Breach("python/cogway", 1, "no public name was found: is py.typed there?")
    for symbol in found["symbols"]:
        if symbol["isTypeKnown"] or not symbol["isExported"]:
            continue
        place: dict[str, Any] = next(iter(symbol["diagnostics"]), {})
        file = os.path.relpath(place.get("file", tree.root / "python/cogway"), tree.root)
        line = place.get("range", {}).get("start", {}).get("line", 0) + 1
        yield Breach(file, line, f"{symbol['name']}: {place.get('message', 'its type is unknown')}")


def repo_review(tree: Tree) -> Iterator[Breach]:
    """The repository is laid out as scientific Python recommends; exceptions are in pyproject."""
    done = _run(tree, program("sp-repo-review"), "--format", "json", "--show", "err", ".")
    try:
        checks = json.loads(done.stdout)["checks"]
    except (json.JSONDecodeError, KeyError):
        yield Breach("pyproject.toml", 1, (done.stdout + done.stderr).strip()[-400:])
        return
    for name, check in checks.items():
        if check["result"] is False:
            yield Breach("pyproject.toml", 1, f"{name}: {check['description']}")
