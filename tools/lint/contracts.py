# SPDX-License-Identifier: Apache-2.0
"""Public headers state their contract: who may call, who owns, what waits, what is published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAGRAPHS = ("Threads", "Ownership", "Progress", "Order")
_SHARED = re.compile(
    r"\bstd::(?:atomic|mutex|shared_mutex|condition_variable|jthread|thread)\b|\bAtom<"
)
_CLASS = re.compile(
    r"^(?:template\s*<.*>\s*)?(?:class\s+(?:alignas\(\w+\)\s+)?(\w+)[^;{}]*\{"
    r"|struct\s+(\w+)[\w\s]*:[^:;{}][^;{}]*\{)",
    re.MULTILINE,
)
_QUEUE = re.compile(r"(?:Queue|Ring|Deque|FreeList)$")
_QUEUES = "include/cogway/queue/"
_SYSTEM = "include/cogway/base/os/"


def contracts(tree: Tree) -> Iterator[Breach]:
    """The paragraphs of a header with a class, a base, an atomic or a lock, or a system call in it.

    A plain value (a ``struct`` without any of these) has none to state. Queues also say whether
    they are linearizable.
    """
    for name in tree.select(".hpp", under=("include/cogway/",)):
        if "/detail/" in name:
            continue
        text, code = tree.text(name), tree.code(name)
        classes = [a or b for a, b in _CLASS.findall(code)]
        if not (classes or _SHARED.search(code) or name.startswith(_SYSTEM)):
            continue
        wanted = list(PARAGRAPHS)
        if name.startswith(_QUEUES) or any(_QUEUE.search(found) for found in classes):
            wanted.append("Linearizable?")
        lacking = [word for word in wanted if f"**{word}**" not in text]
        if lacking:
            yield Breach(name, 1, f"its contract does not state {', '.join(lacking)}")
