# SPDX-License-Identifier: Apache-2.0
"""image.sample: its random law in Python, determinism, batches, and Pillow as judge."""

import asyncio
import math

import cogway
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import Image, jpeg, np, off_by, opened, picture

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class Draws:
    """Philox4x32-10, as docs/reference/kernels-image.md lays it down."""

    def __init__(self, seed, epoch, index, operation):
        self.key = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF)
        self.counter = (index & 0xFFFFFFFF, index >> 32 & 0xFFFFFFFF, epoch)
        self.operation = operation
        self.used = 0

    def word(self):
        a, b, c = self.counter
        d = self.operation << 16 | self.used // 4
        k0, k1 = self.key
        for _ in range(10):
            x, y = a * 0xD2511F53, c * 0xCD9E8D57
            a, b, c, d = (
                y >> 32 ^ b ^ k0,
                y & 0xFFFFFFFF,
                x >> 32 ^ d ^ k1,
                x & 0xFFFFFFFF,
            )
            k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
        word = (a, b, c, d)[self.used % 4]
        self.used += 1
        return word

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * (self.word() * 2.0**-32)

    def below(self, n):
        return self.word() * n >> 32


def draw(seed, epoch, index, height, width, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    """Return top, left, height, width of the crop."""
    draws = Draws(seed, epoch, index, 1)
    for _ in range(10):
        area = height * width * draws.uniform(*scale)
        shape = math.exp(draws.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if 0 < w <= width and 0 < h <= height:
            return draws.below(height - h + 1), draws.below(width - w + 1), h, w
    raise AssertionError("no try fits: choose another index")


@pytest.fixture(scope="module")
def shared():
    with cogway.Engine(native_workers=2) as engine:
        yield engine


def sample(engine, data, **params):
    return np.asarray(engine.c_spawn("image.sample", data, **params).result())


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**63 - 1),
    epoch=st.integers(0, 2**32 - 1),
    index=st.integers(0, 2**40),
    flip=st.floats(0, 1),
)
def test_a_sample_is_what_the_law_says(shared, seed, epoch, index, flip):
    pixels = picture(120, 160)
    top, left, height, width = draw(seed, epoch, index, 120, 160)
    ours = sample(
        shared,
        pixels,
        size=(48, 64),
        seed=seed,
        epoch=epoch,
        index=index,
        flip=flip,
        dtype="uint8",
        layout="hwc",
    )
    part = Image.fromarray(pixels[top : top + height, left : left + width])
    theirs = np.asarray(part.resize((64, 48), Image.Resampling.BILINEAR))
    if Draws(seed, epoch, index, 2).uniform() < flip:
        theirs = theirs[:, ::-1]
    assert off_by(ours, theirs) <= 1


def test_normalised_samples_are_the_bytes_normalised(shared):
    data = jpeg(picture(200, 260))
    common = {"size": (56, 56), "seed": 3, "index": 9, "flip": 0.5}
    levels = sample(shared, data, dtype="uint8", **common)
    floats = sample(shared, data, mean=MEAN, std=STD, **common)
    assert floats.shape == (3, 56, 56)
    back = floats * np.reshape(STD, (3, 1, 1)) + np.reshape(MEAN, (3, 1, 1))
    assert np.abs(back * 255 - levels).max() < 0.6
    hwc = sample(shared, data, mean=MEAN, std=STD, layout="hwc", **common)
    assert (hwc == floats.transpose(1, 2, 0)).all()


def test_of_a_file_only_the_crop_is_looked_at_and_it_looks_the_same(shared):
    data = jpeg(picture(480, 640))
    upright = np.asarray(opened(data))
    for index in range(20):
        top, left, height, width = draw(1, 0, index, 480, 640)
        ours = sample(
            shared,
            data,
            size=64,
            seed=1,
            index=index,
            dtype="uint8",
            layout="hwc",
            scaled_decode=False,
        )
        part = Image.fromarray(upright[top : top + height, left : left + width])
        assert off_by(ours, part.resize((64, 64), Image.Resampling.BILINEAR)) <= 3


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_samples_do_not_depend_on_the_workers(workers):
    files = [jpeg(picture(90 + i, 120 + i, seed=i)) for i in range(24)]
    expected = None
    with cogway.Engine(native_workers=workers) as engine:
        for _ in range(2):
            batch = engine.c_map(
                "image.sample",
                files,
                size=32,
                seed=5,
                epoch=2,
                flip=0.5,
                each={"index": list(range(len(files)))},
            ).result()
            found = b"".join(bytes(one) for one in batch)
            assert expected in (None, found)
            expected = found
    with cogway.Engine(native_workers=3) as other:
        for i in (0, 11, 23):
            alone = sample(other, files[i], size=32, seed=5, epoch=2, flip=0.5, index=i)
            size = alone.nbytes
            assert alone.tobytes() == expected[i * size : (i + 1) * size]


def test_samples_go_straight_into_their_place_in_a_batch(shared):
    files = [jpeg(picture(80, 100, seed=i)) for i in range(8)]
    batch = shared.bus.lease((8, 3, 32, 32), "float32")
    shared.c_map(
        "image.sample", files, size=32, seed=1, out=batch, each={"index": list(range(8))}
    ).result()
    together = np.asarray(batch)
    for i, file in enumerate(files):
        assert (together[i] == sample(shared, file, size=32, seed=1, index=i)).all()


def test_awaited(shared):
    async def main():
        data = jpeg(picture(80, 100))
        tickets = [shared.c_spawn("image.sample", data, size=16, index=i) for i in range(16)]
        return [np.asarray(one).shape for one in await asyncio.gather(*tickets)]

    assert asyncio.run(main()) == [(3, 16, 16)] * 16


def test_wrong_parameters_are_refused_at_the_call(shared):
    data = jpeg(picture(20, 20))
    for params in (
        {},
        {"size": (4, 4, 4)},
        {"size": 0},
        {"size": 8, "crop": "middle"},
        {"size": 8, "scale": (0.9, 0.1)},
        {"size": 8, "flip": 1.5},
        {"size": 8, "flip": float("nan")},
        {"size": 8, "mean": MEAN, "dtype": "uint8"},
        {"size": 8, "std": (0, 0, 0)},
        {"size": 8, "epoch": -1},
    ):
        with pytest.raises((ValueError, TypeError, cogway.CogwayError)):
            shared.c_spawn("image.sample", data, **params)
