# SPDX-License-Identifier: Apache-2.0
"""The image kernels on pixels, held against Pillow and numpy."""

import cogway
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import Image, np, off_by, picture

sides = st.integers(1, 90)
modes = st.sampled_from([1, 3, 4])
filters = {"bilinear": Image.Resampling.BILINEAR, "nearest": Image.Resampling.NEAREST}


@pytest.fixture(scope="module")
def shared():
    with cogway.Engine(native_workers=2) as engine:
        yield engine


def call(engine, kernel, *inputs, **params):
    return np.asarray(engine.c_spawn(kernel, *inputs, **params).result())


@settings(max_examples=150)
@given(height=sides, width=sides, rows=sides, columns=sides, channels=modes)
def test_resize_is_pillows(shared, height, width, rows, columns, channels):
    pixels = picture(height, width, channels)
    mode = {1: "L", 3: "RGB", 4: "RGBX"}[channels]
    for name, filter_ in filters.items():
        ours = call(shared, "image.resize", pixels, size=(rows, columns), interpolation=name)
        image = Image.frombytes(mode, (width, height), pixels.tobytes())
        theirs = np.asarray(image.resize((columns, rows), filter_))
        assert off_by(ours, theirs) <= (1 if name == "bilinear" else 0)


def test_resize_of_a_large_image_is_pillows(shared):
    pixels = picture(1500, 2100)
    image = Image.fromarray(pixels)
    for size in ((224, 224), (700, 1000), (1600, 300)):
        ours = call(shared, "image.resize", pixels, size=size)
        assert off_by(ours, image.resize(size[::-1], Image.Resampling.BILINEAR)) <= 1


@settings(max_examples=80)
@given(
    height=st.integers(2, 80),
    width=st.integers(2, 80),
    angle=st.floats(-400, 400, allow_nan=False),
    expand=st.booleans(),
    channels=st.sampled_from([1, 3]),
)
def test_rotate_is_pillows(shared, height, width, angle, expand, channels):
    pixels = picture(height, width, channels)
    image = Image.fromarray(pixels)
    ours = call(shared, "image.rotate", pixels, angle=angle, expand=expand, fill=[7])
    fill = 7 if channels == 1 else (7, 7, 7)
    theirs = np.asarray(
        image.rotate(angle, Image.Resampling.BILINEAR, expand=expand, fillcolor=fill)
    )
    assert ours.shape == theirs.shape
    # A place on the very edge may be taken for inside by one and outside by the other.
    far = np.abs(ours.astype(int) - theirs.astype(int)) > 1
    assert far.reshape(far.shape[0], far.shape[1], -1).any(axis=2).sum() <= 2 + far.size // 500


@pytest.mark.parametrize("angle", [0, 90, 180, 270, 360, -90])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_quarter_turns_are_exact(shared, angle, interpolation):
    pixels = picture(31, 47)
    ours = call(
        shared, "image.rotate", pixels, angle=angle, expand=True, interpolation=interpolation
    )
    assert (ours == np.rot90(pixels, angle // 90)).all()


@settings(max_examples=60)
@given(height=sides, width=sides, data=st.data())
def test_crop_and_flip_are_slices(shared, height, width, data):
    pixels = picture(height, width)
    top = data.draw(st.integers(0, height - 1))
    left = data.draw(st.integers(0, width - 1))
    box = (
        top,
        left,
        data.draw(st.integers(1, height - top)),
        data.draw(st.integers(1, width - left)),
    )
    part = pixels[top : top + box[2], left : left + box[3]]
    assert (call(shared, "image.crop", pixels, box=box) == part).all()
    assert (call(shared, "image.flip", part) == part[:, ::-1]).all()
    assert (call(shared, "image.flip", part, axis="both") == part[::-1, ::-1]).all()


def test_any_dtype_can_be_cropped_and_flipped(shared):
    for dtype in ("int16", "float32", "float64", "uint64"):
        values = np.arange(24, dtype=dtype).reshape(4, 6)
        assert (call(shared, "image.flip", values, axis="vertical") == values[::-1]).all()
        assert (call(shared, "image.crop", values, size=(2, 2)) == values[1:3, 2:4]).all()


def test_strided_views_are_taken_as_they_are(shared):
    pixels = picture(60, 80)
    for view in (
        pixels[::-1, ::2],
        pixels[5:41, ::-3],
        pixels.transpose(1, 0, 2),
        pixels[:, :, ::-1],
    ):
        ours = call(shared, "image.resize", view, size=(20, 30))
        assert (ours == call(shared, "image.resize", view.copy(), size=(20, 30))).all()
        assert (call(shared, "image.flip", view) == view[:, ::-1]).all()


def test_grayscale_is_within_one_of_pillow_and_of_the_formula(shared):
    pixels = np.random.default_rng(3).integers(0, 256, (700, 900, 3), dtype=np.uint8)
    ours = call(shared, "image.grayscale", pixels)
    assert off_by(ours, Image.fromarray(pixels).convert("L")) <= 1
    exact = pixels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(ours - exact).max() < 1.0


@settings(max_examples=60)
@given(
    height=sides,
    width=sides,
    channels=st.integers(1, 6),
    floats=st.booleans(),
    layout=st.sampled_from(["chw", "hwc"]),
    input_layout=st.sampled_from(["chw", "hwc"]),
)
def test_normalize_is_the_formula(shared, height, width, channels, floats, layout, input_layout):
    rng = np.random.default_rng(height * 100 + width)
    pixels = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
    levels = pixels / np.float32(255) if floats else pixels
    mean = rng.random(channels)
    std = rng.random(channels) + 0.1
    given_ = levels if input_layout == "hwc" else np.ascontiguousarray(levels.transpose(2, 0, 1))
    ours = call(
        shared,
        "image.normalize",
        given_.astype(np.float32) if floats else given_,
        mean=list(mean),
        std=list(std),
        layout=layout,
        input_layout=input_layout,
    )
    exact = (pixels / 255.0 - mean) / std
    exact = exact if layout == "hwc" else exact.transpose(2, 0, 1)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, exact, atol=2e-5)


def test_wrong_calls_are_refused_where_they_are_made(shared):
    pixels = picture(20, 20)
    for kernel, params in [
        ("image.resize", {}),
        ("image.resize", {"size": (0, 4)}),
        ("image.resize", {"size": (4, 4), "interpolation": "bicubic"}),
        ("image.crop", {}),
        ("image.crop", {"box": (0, 0, 21, 1)}),
        ("image.rotate", {"angle": float("nan")}),
        ("image.rotate", {"fill": [1, 2]}),
        ("image.flip", {"axis": "diagonal"}),
        ("image.normalize", {"mean": [1, 2]}),
        ("image.grayscale", {"weights": 1}),
    ]:
        with pytest.raises((ValueError, TypeError, cogway.CogwayError)):
            shared.c_spawn(kernel, pixels, **params)
    with pytest.raises((ValueError, TypeError, cogway.CogwayError)):
        shared.c_spawn("image.resize", pixels.astype(float), size=(4, 4))
    with pytest.raises((ValueError, TypeError, cogway.CogwayError)):
        shared.c_spawn("image.grayscale", pixels[:, :, :2])
