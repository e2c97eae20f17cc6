# SPDX-License-Identifier: Apache-2.0
"""The files that every loader reads: tiles and originals of the demo's photographs."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

from harness import Absent

COUNTS = {"tiles": 1024, "whole": 128}
_CACHE = Path(__file__).resolve().parents[1] / ".cache"


def folder(kind: str) -> Path:
    """Return a folder of numbered `.jpg` files, made once (links to the demo's data set).

    Raises:
        Absent: the photographs are not installed.
    """
    made = _CACHE / f"loading-{kind}"
    if made.is_dir():
        return made
    paths = _tiles() if kind == "tiles" else _originals()
    random.Random(7).shuffle(paths)
    _CACHE.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=_CACHE))
    for number in range(COUNTS[kind]):
        (work / f"{number:05}.jpg").symlink_to(paths[number % len(paths)])
    try:
        work.rename(made)
    except OSError:  # another contestant was faster: its links are the same
        if not made.is_dir():
            raise
    return made


def files(kind: str) -> list[str]:
    """Return the files of a folder in loading order, read once so that the cache is warm."""
    found = sorted(str(path) for path in folder(kind).iterdir())
    for path in found:
        with open(path, "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
            while file.read(1 << 20):
                pass
    return found


def _tiles() -> list[str]:
    photographs = _photographs()
    try:
        made = photographs.prepare()
    except photographs.PhotographsMissingError as missing:
        raise Absent(str(missing)) from None
    inside = [path for path in made.train.paths if Path(path).parent == made.folder]
    return sorted(set(inside))


def _originals() -> list[str]:
    photographs = _photographs()
    try:
        found = photographs.find_scenes()
    except photographs.PhotographsMissingError as missing:
        raise Absent(str(missing)) from None
    return sorted(str(path) for _, path in found if path.suffix in {".jpg", ".jpeg"})


def _photographs():
    from cogway.demo import photographs

    return photographs
