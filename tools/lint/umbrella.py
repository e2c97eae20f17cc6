# SPDX-License-Identifier: Apache-2.0
"""cogway.hpp is every public header of the layers without Python, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

UMBRELLA = "include/cogway/cogway.hpp"
_LAYERS = ("base", "sync", "queue", "bus", "engine", "flow")


def umbrella(tree: Tree) -> Iterator[Breach]:
    """Its includes against the headers there are; ``detail`` and ``os`` folders stay inside."""
    wanted = {
        name.removeprefix("include/")
        for layer in _LAYERS
        for name in tree.select(".hpp", under=(f"include/cogway/{layer}/",))
        if name.count("/") == 3
    }
    if not wanted:
        return
    found = set()
    if UMBRELLA in tree.files:
        found = set(re.findall(r'#include "(cogway/\w+/\w+\.hpp)"', tree.text(UMBRELLA)))
    for name in sorted(wanted - found):
        yield Breach(UMBRELLA, 1, f'lacks #include "{name}"')
    for name in sorted(found - wanted):
        yield Breach(UMBRELLA, 1, f"{name} is not there")
