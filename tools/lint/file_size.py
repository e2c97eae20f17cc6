# SPDX-License-Identifier: Apache-2.0
"""Files stay short enough to be read at one sitting; so does the root folder, and so do blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

HARD_CAP = 600
NORMS = ((".hpp", 200), (".h", 200), (".cpp", 400), (".c", 400), (".py", 300), (".pyi", 300))
TEST_CAP = 500
LONGER: dict[str, str] = {
    "include/cogway/kernel_abi.h": "one header is the whole ABI",
    "python/cogway/_core.pyi": "one stub describes one extension module",
}
"""Files allowed up to the hard cap, each with its reason."""

ROOT_CAP = 24
BLOB_CAP = 200_000
LARGE: dict[str, str] = {}
"""Files allowed over the blob cap, each with its reason."""


def _cap(name: str) -> int | None:
    norm = next((cap for suffix, cap in NORMS if name.endswith(suffix)), None)
    if norm is None:
        return None
    if name in LONGER:
        return HARD_CAP
    return TEST_CAP if name.startswith("tests/") else norm


def file_size(tree: Tree) -> Iterator[Breach]:
    """Sources within their norm, tests within theirs, nothing over the hard cap."""
    for name in tree.files:
        cap = _cap(name)
        if cap is None:
            continue
        lines = tree.text(name).count("\n")
        if lines > cap:
            yield Breach(name, cap + 1, f"{lines} lines, at most {cap}: split it by noun")


def root_entries(tree: Tree) -> Iterator[Breach]:
    """The root folder stays a table of contents."""
    entries = {name.split("/")[0] for name in tree.files}
    if len(entries) > ROOT_CAP:
        yield Breach(".", 1, f"{len(entries)} entries at the root, at most {ROOT_CAP}")


def blob_size(tree: Tree) -> Iterator[Breach]:
    """No large file enters history unnoticed."""
    for name in tree.files:
        size = (tree.root / name).stat().st_size
        if size > BLOB_CAP and name not in LARGE:
            yield Breach(name, 1, f"{size} bytes, at most {BLOB_CAP}: make it or fetch it instead")
