# SPDX-License-Identifier: Apache-2.0
"""The demo's data set: JPEG tiles cut from real photographs, made once and kept in the cache.

A tile is 500x375 (the size ImageNet's pictures have), quality 90, cut at a random place and scale.
Training tiles never touch the strip of a photograph that is held out, so held-out accuracy speaks
of parts of the world that training did not see. Some originals stand in the training set untouched
(1920x1200 to 2560x1600): a loader must cope with full-size files too.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cogway.demo.scenes import CLASSES, SCENES, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PIL.Image import Image

TILE = (500, 375)
QUALITY = 90
TRAIN_PER_CLASS = 260
HELD_PER_CLASS = 52
WHOLE_REPEATS = 4
RECIPE = 1
"""Raised when tiles would come out differently, so that an old cache is not taken for a new one."""


class PhotographsMissingError(RuntimeError):
    """A package with photographs is not installed; the message says which and how to get it."""


@dataclass(frozen=True, slots=True)
class Split:
    """Files and their classes, index by index."""

    paths: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, slots=True)
class Photographs:
    """The data set: classes, files to train on, files held out, and where all of it came from."""

    folder: Path
    classes: tuple[str, ...]
    train: Split
    held: Split
    sources: tuple[dict[str, str], ...]

    @property
    def nbytes(self) -> int:
        """Encoded bytes of both splits (a repeated file counts each time)."""
        return sum(os.path.getsize(path) for path in self.train.paths + self.held.paths)


def cache_folder() -> Path:
    """Where tiles are kept: ``$XDG_CACHE_HOME/cogway`` or ``~/.cache/cogway``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cogway"


def find_scenes(share: Path = Path("/usr/share")) -> list[tuple[Scene, Path]]:
    """Find every photograph below `share`.

    Raises:
        PhotographsMissingError: Files are missing; names the packages that hold them.
    """
    found = [(scene, share / scene.relative_path) for scene in SCENES]
    missing = [(scene, path) for scene, path in found if not path.is_file()]
    if missing:
        packages = sorted({scene.package for scene, _ in missing})
        raise PhotographsMissingError(
            f"{len(missing)} of {len(found)} photographs are not there (first: {missing[0][1]}). "
            f"They are files of Debian packages; install them with:\n"
            f"    sudo apt-get install --no-install-recommends {' '.join(packages)}\n"
            "or unpack them elsewhere (apt-get download, dpkg -x) and pass --share DIR/usr/share"
        )
    return found


def prepare(
    *,
    share: Path = Path("/usr/share"),
    cache: Path | None = None,
    per_class: tuple[int, int] = (TRAIN_PER_CLASS, HELD_PER_CLASS),
    on_progress: Callable[[int, int], None] | None = None,
) -> Photographs:
    """Return the data set, cutting its tiles first if the cache does not hold them.

    Args:
        share: Folder below which the packages' files lie.
        cache: Folder to keep tiles in; default `cache_folder()`.
        per_class: Tiles of each class to train on and to hold out.
        on_progress: Called with photographs done and photographs in all, from any thread.

    Raises:
        PhotographsMissingError: The photographs are not installed.
    """
    scenes = find_scenes(share)
    key = _recipe_key(scenes, per_class)
    folder = (cache or cache_folder()) / f"photographs-{key}"
    if not (folder / "manifest.json").is_file():
        _make(folder, scenes, per_class, on_progress)
    return open_prepared(folder)


def _recipe_key(scenes: Sequence[tuple[Scene, Path]], per_class: tuple[int, int]) -> str:
    described = [RECIPE, TILE, QUALITY, per_class, WHOLE_REPEATS]
    described += [(asdict(scene), str(path), path.stat().st_size) for scene, path in scenes]
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]


def _make(
    folder: Path,
    scenes: Sequence[tuple[Scene, Path]],
    per_class: tuple[int, int],
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Cut all tiles beside `folder` and rename: a reader never sees half a data set."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".photographs-", dir=folder.parent))
    try:
        done = 0
        rows: list[dict[str, object]] = []
        pool = ThreadPoolExecutor(max_workers=os.cpu_count())
        try:
            jobs = [
                pool.submit(_cut_scene, scene, path, work, _share_of(scene, per_class))
                for scene, path in scenes
            ]
            for job in jobs:
                rows += job.result()
                done += 1
                if on_progress is not None:
                    on_progress(done, len(jobs))
        finally:
            pool.shutdown(cancel_futures=True)  # on Ctrl-C, what has not begun never does
        sources = [
            {
                "scene": scene.name,
                "class": scene.label,
                "file": str(path),
                "package": scene.package,
                "author": scene.author,
                "licence": scene.licence,
            }
            for scene, path in scenes
        ]
        manifest = {"classes": CLASSES, "tile": TILE, "sources": sources, "items": rows}
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        try:
            work.rename(folder)
        except OSError:  # another process was faster: its tiles are the same
            if not (folder / "manifest.json").is_file():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _share_of(scene: Scene, per_class: tuple[int, int]) -> tuple[int, int]:
    """How many of its class's training and held-out tiles a scene contributes."""
    counts = []
    for wanted, peers in (
        (per_class[0], [s for s in SCENES if s.label == scene.label]),
        (per_class[1], [s for s in SCENES if s.label == scene.label and not s.whole]),
    ):
        if scene not in peers:
            counts.append(0)
            continue
        rank = peers.index(scene)
        counts.append(wanted * (rank + 1) // len(peers) - wanted * rank // len(peers))
    return counts[0], counts[1]


def _cut_scene(
    scene: Scene, path: Path, folder: Path, counts: tuple[int, int]
) -> list[dict[str, object]]:
    from PIL import Image

    draw = random.Random(f"{RECIPE}:{scene.name}")
    label = CLASSES.index(scene.label)
    rows: list[dict[str, object]] = []
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    for split, count in zip(("train", "held"), counts, strict=True):
        for index, tile in enumerate(_tiles(picture, scene, split, count, draw)):
            name = f"{split}-{scene.label}-{scene.name}-{index:03d}.jpg"
            tile.save(folder / name, quality=QUALITY)
            rows.append({"path": name, "label": label, "split": split})
    if scene.whole:
        rows += [{"path": str(path), "label": label, "split": "train"}] * WHOLE_REPEATS
    return rows


def _tiles(
    picture: Image, scene: Scene, split: str, count: int, draw: random.Random
) -> Iterator[Image]:
    width, height = picture.size
    if scene.whole:
        strips = [(0.0, 1.0)]
    elif split == "held":
        strips = [scene.held]
    else:
        strips = [(a, b) for a, b in ((0.0, scene.held[0]), (scene.held[1], 1.0)) if b - a > 0.1]
    areas = [b - a for a, b in strips]
    for _ in range(count):
        left, right = draw.choices(strips, weights=areas)[0]
        first, last = left * width, right * width
        top, bottom = scene.rows[0] * height, scene.rows[1] * height
        most = min(last - first, (bottom - top) * TILE[0] / TILE[1])
        wide = draw.uniform(0.55, 1.0) * most
        tall = wide * TILE[1] / TILE[0]
        x = draw.uniform(first, last - wide)
        y = draw.uniform(top, bottom - tall)
        yield picture.resize(TILE, box=(x, y, x + wide, y + tall))


def open_prepared(folder: Path) -> Photographs:
    """Return the data set that `prepare` left in `folder`."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    def split(name: str) -> Split:
        items = [item for item in manifest["items"] if item["split"] == name]
        return Split(
            paths=tuple(str(folder / item["path"]) for item in items),
            labels=tuple(item["label"] for item in items),
        )

    return Photographs(
        folder=folder,
        classes=tuple(manifest["classes"]),
        train=split("train"),
        held=split("held"),
        sources=tuple(manifest["sources"]),
    )
