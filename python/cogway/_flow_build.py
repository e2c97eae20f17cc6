# SPDX-License-Identifier: Apache-2.0
"""From the description of a pipeline to the raw one of `_core`."""

from __future__ import annotations

import inspect
import operator
import os
from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Any

from cogway import _core
from cogway._flow_held import native_form

if TYPE_CHECKING:
    from cogway._engine import Engine

Stage = tuple[str, Any]
"""Kind ("native", "python" or "batch") and what describes it."""
Options = tuple[int, int, bool, bool, int, int, int]
"""What `_core.Flow.options` takes, in its order."""


def at_least(name: str, value: int, least: int) -> int:
    """Return the int that a parameter is, if it is not less than `least`."""
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {type(value).__name__}") from None
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return value


def is_native(stages: Sequence[Stage], place: int) -> bool:
    """Whether a native stage is at that place."""
    return place < len(stages) and stages[place][0] == "native"


def is_asynchronous(source: Any) -> bool:
    """Whether a source needs a loop."""
    return isinstance(source, AsyncIterable) or inspect.isasyncgenfunction(source)


def is_used_up(source: Any) -> bool:
    """Whether a source that has been iterated once cannot be iterated again."""
    if isinstance(source, AsyncIterable):
        return hasattr(source, "__anext__")
    return not callable(source) and hasattr(source, "__next__")


def build_flow(
    engine: Engine, source: Any, seed: int | None, stages: Sequence[Stage], options: Options
) -> _core.Flow:
    """Build the raw pipeline.

    Raises:
        TypeError: A sequence before a native stage holds something else than paths and bytes.
    """
    flow = _core.Flow(engine)
    if isinstance(source, Sequence):
        native = is_native(stages, 0)
        flow.source_list(_as_bytes(source) if native else len(source), seed)
    else:
        flow.open_source(getattr(source, "__qualname__", type(source).__name__))
    for kind, stage in stages:
        if kind == "native":
            flow.native(*stage)
        elif kind == "python":
            flow.foreign(stage[1], stage[2])
        else:
            flow.batch(*stage)
    flow.options(*options)
    return flow


def _as_bytes(values: Sequence[Any]) -> tuple[bytes, ...]:
    for index, value in enumerate(values):
        if not isinstance(value, (bytes, str, os.PathLike)):
            raise TypeError(
                f"item {index} of the source is {type(value).__name__}; before a native stage a "
                "sequence holds paths or bytes (an iterable may yield buffers, too)"
            )
    return tuple(native_form(value) for value in values)
