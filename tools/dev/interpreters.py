# SPDX-License-Identifier: Apache-2.0
"""Interpreters on this machine: finding them, choosing one, and having the rarer ones made."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from dev import machine
from dev.console import Refused, query

SUPPORTED = range(11, 16)
_PROBE = """
import json, os, sys, sysconfig as s
print(json.dumps(dict(
    minor=sys.version_info[1] if sys.version_info[0] == 3 else -1,
    version=sys.version.split()[0].rstrip("+"),
    free_threaded=bool(s.get_config_var("Py_GIL_DISABLED")),
    headers=os.path.exists(os.path.join(s.get_path("include"), "Python.h")),
    cpython=sys.implementation.name == "cpython",
    executable=os.path.realpath(getattr(sys, "_base_executable", sys.executable)))))
"""


@dataclass(frozen=True)
class Interpreter:
    """One Python: ``tag`` is what tests and environments call it, like 3.13 or 3.13t."""

    path: Path
    minor: int
    version: str
    free_threaded: bool
    headers: bool

    @property
    def tag(self) -> str:
        """Minor version, with a t for a free-threaded build."""
        return f"3.{self.minor}{'t' if self.free_threaded else ''}"

    @property
    def order(self) -> tuple[int, ...]:
        """Sorts by version, oldest first; a pre-release counts as its release."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])


def probe(path: Path) -> Interpreter | None:
    """What the program at this path is, or None when it is no CPython 3."""
    answer = query([path, "-I", "-c", _PROBE])
    if answer is None:
        return None
    try:
        facts = json.loads(answer)
    except json.JSONDecodeError:
        return None
    if not facts["cpython"] or facts["minor"] < 0:
        return None
    return Interpreter(
        Path(facts["executable"]),
        facts["minor"],
        facts["version"],
        facts["free_threaded"],
        facts["headers"],
    )


def _candidates() -> list[Path]:
    folders = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    folders += [Path("/usr/bin"), Path("/usr/local/bin")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found: list[Path] = []
    for minor in SUPPORTED:
        found += [folder / f"python3.{minor}{flag}" for folder in folders for flag in ("", "t")]
        found += pyenv.glob(f"3.{minor}.*/bin/python3.{minor}")
        found += pyenv.glob(f"3.{minor}.*/bin/python3.{minor}t")
        found += _made().glob(f"*/usr/bin/python3.{minor}")
        found += _made().glob(f"*/usr/bin/python3.{minor}t")
    shims = pyenv.parent / "shims"
    return [path for path in found if path.is_file() and path.parent != shims]


def _made() -> Path:
    """Folder of the interpreters that ``./dev test`` had made: test subjects, never a default."""
    return machine.cache() / "pythons"


@functools.cache
def installed() -> tuple[Interpreter, ...]:
    """Every usable interpreter of the supported versions, oldest first, each program once."""
    programs = dict.fromkeys(path.resolve() for path in _candidates())
    probed = [found for path in programs if (found := probe(path)) is not None]
    usable = {found.path: found for found in probed if found.minor in SUPPORTED and found.headers}
    return tuple(sorted(usable.values(), key=lambda found: found.order))


def find(tag: str) -> Interpreter | None:
    """The newest interpreter of a tag such as 3.12 or 3.13t."""
    return next((found for found in reversed(installed()) if found.tag == tag), None)


def chosen() -> Interpreter:
    """The interpreter to work with: the newest with a GIL, unless ``PYTHON`` names another.

    ``PYTHON`` is a path, a command or a version.

    Raises:
        Refused: ``PYTHON`` names nothing usable, or the machine has no Python with headers.
    """
    wanted = os.environ.get("PYTHON")
    if wanted:
        return _override(wanted)
    ours = _defaults()
    if not ours:
        machine.install(("python3", "python3-dev", "python3-venv"))
        installed.cache_clear()
        ours = _defaults()
    if not ours:
        raise Refused("no Python of 3.11 to 3.15 with its headers on this machine: set PYTHON=path")
    return ours[-1]


def _defaults() -> list[Interpreter]:
    return [
        found
        for found in installed()
        if not found.free_threaded and not found.path.is_relative_to(_made())
    ]


def _override(wanted: str) -> Interpreter:
    if re.fullmatch(r"3\.\d+t?", wanted):
        found = find(wanted)
    else:
        program = shutil.which(wanted)
        found = probe(Path(program)) if program else None
    if found is None:
        raise Refused(f"PYTHON={wanted} names no CPython that this machine has")
    if found.minor not in SUPPORTED:
        raise Refused(f"PYTHON={wanted} is Python {found.version}; cogway needs 3.11 to 3.15")
    if not found.headers:
        raise Refused(f"PYTHON={wanted} has no headers (Python.h): install its development package")
    return found
