# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzzers and the hostile files of the regression test (needs Pillow).

`python tests/fuzz/make_corpus.py` makes the same bytes every time with the same Pillow; the result
is committed, so that neither fuzzing nor testing needs it.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
READERS = ("decode", "sample", "thumbnail", "describe")
CHOICES = b"\x00\x11\x17\x00"
"""The four bytes that choose parameters: see jpeg_call.hpp."""


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    data = bytes(
        (x * (3 + band) + y * 5 + (x // 5 + y // 3 + band) % 3 * 50) % 256
        for y in range(height)
        for x in range(width)
        for band in range(bands)
    )
    return Image.frombytes(mode, (width, height), data)


def jpeg(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 40, **options})
    return out.getvalue()


def exif(orientation: int) -> bytes:
    return b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def seeds() -> Iterator[tuple[str, bytes]]:
    small = picture(37, 26)
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        yield name, jpeg(small, subsampling=subsampling)
    yield "gray", jpeg(picture(37, 26, "L"))
    yield "cmyk", jpeg(picture(21, 17, "CMYK"))
    yield "progressive", jpeg(small, progressive=True)
    yield "restarts", jpeg(small, restart_marker_blocks=1)
    yield "turned", jpeg(small, exif=exif(6), optimize=True)


def marker_at(data: bytes, marker: int) -> int:
    """Offset of the marker's 0xFF."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return at


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def with_exif(data: bytes, body: bytes) -> bytes:
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def hostile() -> Iterator[tuple[str, bytes]]:
    good = jpeg(picture(37, 26), subsampling=2)
    frame = marker_at(good, 0xC0)
    scan = marker_at(good, 0xDA)
    table = marker_at(good, 0xC4)
    quantisation = marker_at(good, 0xDB)
    head, data = good[:scan], good[scan:]
    yield "empty", b""
    yield "soi-only", good[:2]
    yield "largest", patched(good, frame + 5, b"\xff\xff\xff\xff")
    yield "wide", patched(good, frame + 5, b"\x00\x01\xff\xdc")
    yield "tall", patched(good, frame + 5, b"\xff\xdc\x00\x01")
    yield "no-lines", patched(good, frame + 5, b"\x00\x00")
    yield "larger-than-data", patched(good, frame + 5, b"\x02\x00\x02\x00")
    for factors in (0x00, 0x11, 0x31, 0x13, 0x41, 0x14, 0x44, 0x33, 0xFF):
        yield f"sampling-{factors:02x}", patched(good, frame + 11, bytes([factors]))
    yield "chroma-above-luma", patched(patched(good, frame + 11, b"\x11"), frame + 14, b"\x22")
    yield "one-table-index-off", patched(good, frame + 12, b"\x07")
    yield "components-alike", patched(good, frame + 13, good[frame + 10 : frame + 11])
    yield "two-frames", head + good[frame:scan] + data
    yield "no-huffman-tables", good[:table] + data
    yield "huffman-overfull", patched(good, table + 5, b"\xff" * 16)
    yield "huffman-empty", patched(good, table + 5, b"\x00" * 16)
    yield "quantisation-zero", patched(good, quantisation + 5, b"\x00" * 64)
    yield "segment-length-0", patched(good, frame + 2, b"\x00\x00")
    yield "segment-length-1", patched(good, frame + 2, b"\x00\x01")
    yield "segment-beyond-end", patched(good, quantisation + 2, b"\xff\xff")
    yield "scan-of-none", patched(good, scan + 4, b"\x00")
    yield "scan-of-nine", patched(good, scan + 4, b"\x09")
    yield "scan-of-strangers", patched(good, scan + 5, b"\x77")
    yield "end-in-data", patched(good, scan + 40, b"\xff\xd9")
    yield "frame-in-data", patched(good, scan + 40, good[frame : frame + 19])
    yield "restarts-that-are-none", patched(good, scan + 40, b"\xff\xd3\xff\xd1\xff\xd7")
    yield "ones", head + data[:14] + b"\xff\x00" * 400
    yield "stray-bytes", good[:2] + b"\x00\x01\x02" + good[2:]
    yield "segments", good[:2] + b"\xff\xe5\x00\x02" * 600 + good[2:]
    yield "restart-interval-1", head + b"\xff\xdd\x00\x04\x00\x01" + data
    slow = jpeg(picture(37, 26), progressive=True)
    first = marker_at(slow, 0xDA)
    end = first + 2
    while slow[end] != 0xFF or slow[end + 1] == 0:
        end += 1
    yield "scans", slow[:first] + slow[first:end] * 140
    yield "progressive-cut", slow[: len(slow) // 2]
    yield "progressive-as-baseline", patched(slow, marker_at(slow, 0xC2) + 1, b"\xc0")
    yield "baseline-as-progressive", patched(good, frame + 1, b"\xc2")
    for length in (5, 9, 14, 17):
        tiff = exif(6)[:length]
        yield (
            f"exif-{length}",
            good[:2] + b"\xff\xe1" + struct.pack(">H", length + 2) + tiff + good[2:],
        )
    loop = b"Exif\0\0MM\0*" + struct.pack(">IH", 0xFFFFFFFF, 0xFFFF)
    yield "exif-far", good[:2] + b"\xff\xe1" + struct.pack(">H", len(loop) + 2) + loop + good[2:]


def main() -> None:
    for noun in READERS:
        folder = HERE / "corpus" / noun
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds():
            (folder / name).write_bytes(data + CHOICES)
    folder = HERE / "corpus" / "pixels"
    folder.mkdir(parents=True, exist_ok=True)
    for kernel in range(9):
        shape = bytes([11, 17, 2, 200, 131, 129])
        (folder / str(kernel)).write_bytes(
            shape + bytes(range(256)) + bytes([kernel << 2 | 2, 9, 13, 3])
        )
    folder = HERE / "regression"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in hostile():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
