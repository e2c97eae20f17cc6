# SPDX-License-Identifier: Apache-2.0
"""What the model sees: eight augmented samples of each class, made and encoded natively."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cogway.demo.photographs import Photographs
    from cogway.demo.recipe import Recipe

COLUMNS = 8


def draw_contact_sheet(data: Photographs, recipe: Recipe, path: Path) -> Path:
    """Write a JPEG with one row of augmented samples for each class; return `path`."""
    import numpy as np

    import cogway

    labels = np.asarray(data.train.labels)
    rows = [np.flatnonzero(labels == label) for label in range(len(data.classes))]
    chosen = [int(row[place * len(row) // COLUMNS]) for row in rows for place in range(COLUMNS)]
    with cogway.Engine(native_workers=1) as engine:
        pipeline = (
            cogway.Pipeline(engine)
            .source([data.train.paths[index] for index in chosen])
            .native("file.read")
            .native(
                "image.sample",
                size=recipe.size, scale=recipe.scale, flip=recipe.flip,
                dtype="uint8", layout="hwc", seed=recipe.seed, index=cogway.INDEX,
            )
            .batch(len(chosen))
        )  # fmt: skip
        (batch,) = pipeline
        samples = np.asarray(batch).reshape(len(rows), COLUMNS, recipe.size, recipe.size, 3)
        sheet = samples.transpose(0, 2, 1, 3, 4).reshape(
            len(rows) * recipe.size, COLUMNS * recipe.size, 3
        )
        encoded = engine.c_spawn("image.encode", np.ascontiguousarray(sheet), quality=92).result()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded)
    return path
