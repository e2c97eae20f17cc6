# SPDX-License-Identifier: Apache-2.0
"""What `cogway info --kernels` prints: every kernel with its signature, parameters and docs."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH = 100


def text(kernels: Sequence[Mapping[str, Any]]) -> str:
    """Return the kernels for people.

    Args:
        kernels: As `cogway info --json` holds them.
    """
    return "\n\n".join("\n".join(_kernel(one)) for one in kernels)


def _kernel(kernel: Mapping[str, Any]) -> Iterator[str]:
    yield f"{kernel['name']}  {kernel['signature']}".rstrip()
    for line in kernel["doc"].splitlines():
        yield from textwrap.wrap(line, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    wide = max((len(one["name"]) for one in kernel["parameters"]), default=0)
    for one in kernel["parameters"]:
        head = f"    {one['name']:<{wide}}  {_type(one)}"
        room = " " * (wide + 8)
        told = textwrap.wrap(one["doc"], _WIDTH, initial_indent=room, subsequent_indent=room)
        yield from (head, *told)


def _type(parameter: Mapping[str, Any]) -> str:
    """Return a parameter's type and default, as `color: rgb | gray = "rgb"` has them."""
    kind = " | ".join(parameter["choices"]) or parameter["type"]
    if parameter["required"]:
        return f"{kind}, required"
    if parameter["default"] is None:
        return f"{kind}, optional"
    return f"{kind} = {json.dumps(parameter['default'])}"
