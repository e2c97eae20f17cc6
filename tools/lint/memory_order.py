# SPDX-License-Identifier: Apache-2.0
"""Every memory order weaker than seq_cst says what it pairs with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

WEAK = re.compile(r"memory_order(?:_|::)(?:relaxed|consume|acquire|release|acq_rel)\b")
REASON = re.compile(r"(?://|\*).*\border: \S")
ABOVE = 3


def memory_order(tree: Tree) -> Iterator[Breach]:
    """A comment ``order: ...`` on the line of the order or within the three lines above."""
    for name in tree.select(".hpp", ".h", ".cpp", under=("include/", "src/", "packs/")):
        lines = tree.text(name).splitlines()
        for number, line in tree.code_lines(name):
            near = lines[max(0, number - 1 - ABOVE) : number]
            if WEAK.search(line) and not any(REASON.search(text) for text in near):
                yield Breach(
                    name,
                    number,
                    "a memory order weaker than seq_cst needs a comment: "
                    "// order: release, pairs with X acquire; publishes Y",
                )
