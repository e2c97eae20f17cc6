# SPDX-License-Identifier: Apache-2.0
"""From the failures of a run to the exception that its consumer sees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cogway._errors import KernelError
from cogway._flow_held import SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from cogway._flow_held import Held

# (stage, name, position, index, exception), as _core gives them
RawFailure = tuple[int, str, "int | None", "int | None", Exception]


class PipelineFailure(ExceptionGroup[Exception]):
    """Several items of a pipeline failed before all had stopped; the first comes first."""

    def derive(self, excs: Sequence[Exception], /) -> Self:  # type: ignore[override]
        """Keep the class when the group is split."""
        return type(self)(self.message, excs)


def text_of(error: BaseException) -> str:
    """Return an exception in words that any UTF-8 can hold, whatever its own are."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:
        text = type(error).__name__
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def where(index: int | None, value: Any) -> str:
    """Name an item: its index, and its path if it is one."""
    if index is None:
        return "the source"
    if isinstance(value, (str, os.PathLike)):
        return f"item {index} ({os.fspath(value)!r})"
    return f"item {index}"


def describe(failure: RawFailure, held: Held) -> Exception:
    """Return the exception of one failure, with stage and item in it."""
    stage, name, position, index, exception = failure
    own = held.errors.get(SOURCE if position is None else position)
    place = where(index, held.source_value(position, index))
    # Raised by an iterator these two would mean its end.
    if isinstance(own, Exception) and not isinstance(own, (StopIteration, StopAsyncIteration)):
        note = f"in Python stage {stage} ({name}), {place}"
        if note not in getattr(own, "__notes__", ()):  # asked for twice, as by `skipped`
            own.add_note(note)
        return own
    if own is not None:
        raised = RuntimeError(f"{name} raised {type(own).__name__} for {place}")
        raised.__cause__ = own
        return raised
    if type(exception) is KernelError:
        return KernelError(exception.kernel, exception.status, f"{place}: {exception.message}")
    exception.add_note(f"in stage {stage} ({name}), {place}")
    return exception


def failure_of(failures: list[RawFailure], held: Held) -> Exception:
    """Return what to raise for the failures of a run: the only one, or a group of them."""
    errors = [describe(failure, held) for failure in failures]
    if len(errors) == 1:
        return errors[0]
    return PipelineFailure(f"{len(errors)} items failed", errors)
