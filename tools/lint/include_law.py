# SPDX-License-Identifier: Apache-2.0
"""The law of layers: lower never names higher, and few files see Python or the system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lint.tree import Breach, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYERS = ("base", "sync", "queue", "bus", "engine", "flow", "python", "module")
SEES_PYTHON = ("src/python/", "src/module/", "include/cogway/python/")
KERNEL_HEADERS = ("cogway/kernel_abi.h", "cogway/kernel.hpp", "cogway/kernel/")
"""What a kernel pack may include of ours; these include one another alone."""
SYSTEM_HEADERS = frozenset(
    {
        "linux/futex.h",
        "sched.h",
        "sys/epoll.h",
        "sys/eventfd.h",
        "sys/mman.h",
        "sys/resource.h",
        "sys/syscall.h",
    }
)
"""Doors to the operating system that only base/os may open."""

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(name: str) -> str | None:
    """The layer that a file of include/cogway or src belongs to."""
    match = re.match(r"(?:include/cogway|src)/(\w+)/", name)
    return match.group(1) if match else None


def include_law(tree: Tree) -> Iterator[Breach]:
    """Each include of a source against the layer that the source is in."""
    sources = tree.select(
        ".hpp", ".h", ".cpp", ".c", under=("include/", "src/", "packs/", "tests/cpp/")
    )
    for name in sources:
        for number, line in tree.code_lines(name):
            match = _INCLUDE.match(line)
            if match and (problem := _judge(name, match.group(2))):
                yield Breach(name, number, problem)


def _judge(name: str, included: str) -> str | None:
    if included == "Python.h":
        return (
            None
            if name.startswith(SEES_PYTHON)
            else "Python.h outside the python and module layers"
        )
    if name.startswith("packs/"):
        ours = included.startswith("cogway/") and not included.startswith(KERNEL_HEADERS)
        return f"a pack sees kernel_abi.h and its layer, not {included}" if ours else None
    if name.startswith("include/cogway/kernel"):
        ours = included.startswith("cogway/") and not included.startswith(KERNEL_HEADERS)
        return f"what packs include knows nothing of cogway, not {included}" if ours else None
    if name.startswith("tests/cpp/"):
        return _upward(name.split("/")[2], included)
    own = layer_of(name)
    if included in SYSTEM_HEADERS and "/base/os/" not in name:
        return f"{included} outside base/os: operating-system calls live there"
    return _upward(own, included) if own else None


def _upward(own: str, included: str) -> str | None:
    match = re.match(r"(?:cogway/)?(\w+)/(detail/)?", included)
    if not match or match.group(1) not in LAYERS:
        return None
    other = match.group(1)
    if own in LAYERS and LAYERS.index(other) > LAYERS.index(own):
        return f"{own} names {other}, a higher layer"
    if match.group(2) and other != own:
        return f"{included} is private to {other}"
    return None
