# SPDX-License-Identifier: Apache-2.0
"""What CMake built for the benchmarks: programs, packs and extension modules."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_CHECKOUT = Path(__file__).resolve().parents[2]


class NotBuiltError(ImportError):
    """No build folder has it. An ImportError, so that a contestant without it is absent."""


def folders(checkout: Path = _CHECKOUT) -> tuple[Path, ...]:
    """Return the build folders of a checkout that may hold benchmarks, the best first.

    `COGWAY_BENCH_BUILD` names one alone; else `build/bench`, then the others, the newest first.
    """
    chosen = os.environ.get("COGWAY_BENCH_BUILD")
    if chosen:
        return (Path(chosen).resolve(),)
    found = [path.parent for path in (checkout / "build").glob("*/CMakeCache.txt")]
    found.sort(key=lambda path: (path.name != "bench", -path.stat().st_mtime))
    return tuple(found)


def find(relative: str, builds: tuple[Path, ...] | None = None) -> Path:
    """Return a built file by its place below a build's `benchmarks/`.

    Raises:
        NotBuiltError: no build has it.
    """
    for folder in folders() if builds is None else builds:
        path = folder / "benchmarks" / relative
        if path.is_file():
            return path
    raise NotBuiltError(
        f"{relative} is not built: `./dev bench` builds it (or cmake --preset bench, then "
        "cmake --build --preset bench)"
    )


def extension(folder: str, name: str) -> ModuleType:
    """Import an extension module that a question builds for this interpreter.

    Raises:
        NotBuiltError: it is not built for this interpreter.
    """
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    path = find(f"{folder}/{name}{suffix}")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotBuiltError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
