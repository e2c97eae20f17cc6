# SPDX-License-Identifier: Apache-2.0
"""Your own training loop: pictures are decoded and augmented without the GIL while it steps."""

import cogway
import numpy as np


def make_pictures(engine: cogway.Engine) -> tuple[list[bytes], list[float]]:
    """Encoded pictures whose brightness is what is to be learnt."""
    draw = np.random.default_rng(1)
    pictures, brightness = [], []
    for _ in range(256):
        level = draw.uniform(0.2, 0.8)
        noise = draw.normal(level * 255, 20, (96, 128, 3)).clip(0, 255).astype(np.uint8)
        pictures.append(bytes(engine.c_spawn("image.encode", noise).result()))
        brightness.append(level)
    return pictures, brightness


with cogway.Engine(background_workers=2) as engine:
    pictures, brightness = make_pictures(engine)
    pipeline = (
        cogway.Pipeline(engine)
        .source(pictures, labels=brightness, shuffle=3)
        .native(
            "image.sample", size=32, scale=(0.3, 1.0), flip=0.5,
            seed=3, index=cogway.INDEX, epoch=cogway.EPOCH,
        )  # draws are a function of (seed, epoch, index): the same for any number of workers
        .batch(32)
        .prefetch(4)
    )  # fmt: skip
    weight, bias = 0.0, 0.0
    for epoch in range(6):  # each loop over the pipeline is the next epoch
        for batch in pipeline:
            seen = np.asarray(batch).mean(axis=(1, 2, 3))  # the batch itself, not a copy
            error = weight * seen + bias - np.asarray(batch.labels)
            weight -= 0.8 * float((error * seen).mean())
            bias -= 0.8 * float(error.mean())
        print(f"epoch {epoch}: error {abs(error).mean():.3f}")
    assert abs(error).mean() < 0.05
