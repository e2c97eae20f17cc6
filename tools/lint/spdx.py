# SPDX-License-Identifier: Apache-2.0
"""Every source names its licence in its first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = "SPDX-License-Identifier: Apache-2.0"
_SUFFIXES = (".hpp", ".h", ".cpp", ".c", ".py", ".pyi", ".cmake", "CMakeLists.txt", ".toml", ".in")


def spdx(tree: Tree) -> Iterator[Breach]:
    """The SPDX line first, or second below a ``#!`` line."""
    for name in [
        *tree.select(*_SUFFIXES),
        *(name for name in ("dev", ".ci/run") if name in tree.files),
    ]:
        lines = tree.text(name).splitlines()[:2]
        first = lines[1:] if lines and lines[0].startswith("#!") else lines[:1]
        if lines and LINE not in "".join(first):
            yield Breach(name, 1, f"the first line is not '{LINE}'")
