# SPDX-License-Identifier: Apache-2.0
"""image.decode, encode and thumbnail against Pillow."""

import asyncio
import io

import cogway
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import Image, jpeg, np, off_by, opened, picture, smooth

ImageOps = pytest.importorskip("PIL.ImageOps")


@pytest.fixture(scope="module")
def shared():
    with cogway.Engine(native_workers=2) as engine:
        yield engine


def call(engine, kernel, *inputs, **params):
    return np.asarray(engine.c_spawn(kernel, *inputs, **params).result())


@settings(max_examples=60)
@given(
    height=st.integers(1, 130),
    width=st.integers(1, 130),
    subsampling=st.integers(0, 2),
    progressive=st.booleans(),
)
def test_decode_is_pillows(shared, height, width, subsampling, progressive):
    data = jpeg(picture(height, width), subsampling=subsampling, progressive=progressive)
    # Pillow brings a libjpeg of its own, whose upsampling may round otherwise.
    assert off_by(call(shared, "image.decode", data), opened(data)) <= 3


def test_gray_and_cmyk(shared):
    gray = jpeg(picture(50, 70, 1))
    assert off_by(call(shared, "image.decode", gray, color="gray"), opened(gray)) <= 1
    assert call(shared, "image.decode", gray).shape == (50, 70, 3)
    inks = jpeg(picture(50, 70, 4))
    assert off_by(call(shared, "image.decode", inks), opened(inks).convert("RGB")) <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(shared, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = jpeg(picture(60, 90), exif=exif)
    upright = ImageOps.exif_transpose(opened(data))
    assert off_by(call(shared, "image.decode", data), upright) <= 3
    assert off_by(call(shared, "image.decode", data, orient=False), opened(data)) <= 3
    part = call(shared, "image.decode", data, crop=(5, 9, 31, 40))
    assert off_by(part, np.asarray(upright)[5:36, 9:49]) <= 3
    small = call(
        shared,
        "image.sample",
        data,
        size=(30, 30),
        crop="none",
        dtype="uint8",
        layout="hwc",
        scaled_decode=False,
    )
    theirs = upright.resize((30, 30), Image.Resampling.BILINEAR)
    assert off_by(small, theirs) <= 4


def test_scaled_decoding_is_pillows_draft(shared):
    data = jpeg(picture(410, 613))
    for scale in (1, 2, 4, 8):
        image = opened(data)
        image.draft("RGB", (613 // scale, 410 // scale))
        assert off_by(call(shared, "image.decode", data, scale=scale), image) <= 3


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("progressive", [False, True])
def test_encode_is_read_by_pillow(shared, subsampling, progressive):
    pixels = smooth(75, 101)
    data = call(
        shared,
        "image.encode",
        pixels,
        quality=95,
        subsampling=subsampling,
        progressive=progressive,
    )
    image = opened(data)
    assert image.format == "JPEG"
    assert bool(image.info.get("progressive")) == progressive
    assert off_by(image, pixels) <= 6
    assert off_by(call(shared, "image.decode", data), image) <= 3


def test_quality_is_a_matter_of_size(shared):
    pixels = picture(120, 160)
    sizes = [call(shared, "image.encode", pixels, quality=q).size for q in (5, 30, 60, 90, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 4 < sizes[-1]


@settings(max_examples=40)
@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    rows=st.integers(1, 120),
    columns=st.integers(1, 120),
)
def test_thumbnails_have_pillows_size(shared, height, width, rows, columns):
    data = jpeg(smooth(height, width))
    image = opened(data)
    image.thumbnail((columns, rows), Image.Resampling.BILINEAR)
    assert opened(call(shared, "image.thumbnail", data, size=(rows, columns))).size == image.size


def test_a_thumbnail_looks_like_pillows(shared):
    data = jpeg(smooth(900, 1200))
    theirs = opened(data)
    theirs.thumbnail((128, 128), Image.Resampling.BILINEAR)
    ours = opened(call(shared, "image.thumbnail", data, size=128, quality=95, subsampling="4:4:4"))
    assert off_by(ours, theirs) <= 6


def refusal(engine, kernel, data, **params):
    with pytest.raises(cogway.CogwayError) as caught:
        engine.c_spawn(kernel, data, **params).result()
    return caught.value


READERS = [
    ("image.decode", {}),
    ("image.sample", {"size": 16, "crop": "none"}),
    ("image.thumbnail", {"size": 16}),
]


@pytest.mark.parametrize(("kernel", "params"), READERS)
def test_bad_bytes_say_what_they_are(shared, kernel, params):
    png = io.BytesIO()
    Image.fromarray(picture(4, 4)).save(png, "PNG")
    whole = jpeg(picture(64, 64))
    for data, word in [
        (b"", "empty"),
        (png.getvalue(), "PNG"),
        (whole[: len(whole) // 2], "truncated"),
        (b"hello, world", "begin with 68 65"),
    ]:
        error = refusal(shared, kernel, data, **params)
        assert word in str(error)
        assert kernel in str(error)
        assert isinstance(error, cogway.KernelError)
    kept = call(shared, kernel, whole[: len(whole) // 2], allow_truncated=True, **params)
    assert kept.size > 0
    assert "max_pixels" in str(refusal(shared, kernel, whole, max_pixels=100, **params))


def test_bad_files_among_good_ones_fail_alone(shared):
    good = jpeg(picture(64, 64))
    items = [good, b"no", good, good[:500], good]
    results = shared.c_map("image.sample", items, size=16, return_exceptions=True).result()
    failed = [isinstance(result, cogway.KernelError) for result in results]
    assert failed == [False, True, False, True, False]


def test_bad_bytes_fail_with_out_as_without(shared):
    data = jpeg(picture(200, 300))[:400]

    def spawn():
        return shared.c_spawn("image.decode", data, out=shared.bus.lease((200, 300, 3)))

    async def main():
        (error,) = await asyncio.gather(spawn(), return_exceptions=True)
        assert type(error) is cogway.KernelError
        with pytest.raises(cogway.KernelError):
            await spawn()

    ticket = spawn()
    assert type(ticket.exception()) is cogway.KernelError
    with pytest.raises(cogway.KernelError, match=r"image\.decode"):
        ticket.result()
    asyncio.run(main())
