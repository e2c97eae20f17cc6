# SPDX-License-Identifier: Apache-2.0
"""A file is named after the noun it holds; the names that hold anything are not given."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_VAGUE = re.compile(
    r"(?:^|_)(utils?|utilit(?:y|ies)|helpers?|common|misc|managers?|wrappers?)(?:_|$)"
)
_GIVEN = "ft_utils"
"""A library's own name, which a compatibility module has to bear."""
_SUFFIXES = (".hpp", ".h", ".cpp", ".c", ".py", ".pyi", ".cmake", ".md")


def names(tree: Tree) -> Iterator[Breach]:
    """No file or folder is called util, helper, common, misc, manager or wrapper."""
    for name in tree.select(*_SUFFIXES):
        for part in PurePosixPath(name).parts:
            stem = re.sub(r"(?<=[a-z])(?=[A-Z])|-", "_", part.split(".")[0]).lower()
            stem = stem.replace(_GIVEN, "")
            if found := _VAGUE.search(stem):
                yield Breach(name, 1, f"{found[1]} is no noun of its own: say what the file holds")
