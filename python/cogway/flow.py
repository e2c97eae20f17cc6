# SPDX-License-Identifier: Apache-2.0
"""Pipelines: from a source, through native and Python stages, to batches.

    pipeline = (
        cogway.Pipeline(engine)
        .source(paths, labels=labels, shuffle=7)
        .native("file.read")
        .native("image.sample", size=224, seed=7, index=cogway.INDEX, epoch=cogway.EPOCH)
        .batch(64)
        .prefetch(4)
    )
    for batch in pipeline:  # each loop is an epoch
        step(torch.from_dlpack(batch), batch.labels)

Neighbouring native stages are one task per item; the last one writes into the item's place of the
batch. What a pipeline guarantees is stated, law by law, in ``cogway/flow/pipeline.hpp``.
"""

from __future__ import annotations

import copy
import inspect
import itertools
import operator
from collections.abc import AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from cogway import _core
from cogway._flow_build import at_least, build_flow, is_asynchronous, is_native, is_used_up
from cogway._flow_failure import PipelineFailure
from cogway._flow_held import Held
from cogway._flow_items import EPOCH, INDEX, POSITION, VALUE, Batch, Item, ItemField
from cogway._flow_run import PipelineRun
from cogway._flow_source import SourceDrive
from cogway._flow_stages import StageDrive
from cogway._flow_statistics import PipelineStatistics, StageStatistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway._engine import Engine

__all__ = [
    "EPOCH",
    "INDEX",
    "POSITION",
    "VALUE",
    "Batch",
    "Item",
    "ItemField",
    "Pipeline",
    "PipelineFailure",
    "PipelineRun",
    "PipelineStatistics",
    "StageStatistics",
]

_PRIORITIES = {"high": 0, "normal": 1, "low": 2}
_WORKER_CLASSES = {"foreground": 0, "background": 1}


class Pipeline:
    """A source, stages, and how much may be between the source and the consumer.

    Every method returns a new pipeline and leaves this one as it was. Iterating runs an epoch; a
    second loop is the next epoch.

    Args:
        engine: Runs the stages; must stay open while the pipeline is iterated.

    Threads: Immutable but for the epoch counter; several runs may be alive at once.
    """

    def __init__(self, engine: Engine) -> None:
        """Begin a description."""
        self._engine = engine
        self._source: Any = None
        self._labels: Sequence[Any] | None = None
        self._shuffle: int | None = None
        self._stages: tuple[tuple[str, Any], ...] = ()
        self._prefetch = 2
        self._bytes = 0
        self._in_order = True
        self._skip: int | None = None
        self._class = "background"
        self._priority = "normal"
        self._epochs = itertools.count()
        self._flow: _core.Flow | None = None

    def _with(self, **changes: Any) -> Self:
        other = copy.copy(self)
        for name, value in changes.items():
            setattr(other, name, value)
        other._epochs = itertools.count()
        other._flow = None
        return other

    # --- Describing ----------------------------------------------------------------------------

    def source(
        self,
        items: Iterable[Any] | AsyncIterable[Any] | Callable[[], Any],
        *,
        labels: Sequence[Any] | None = None,
        shuffle: int | None = None,
    ) -> Self:
        """Say where items come from.

        Args:
            items: A sequence (of paths or bytes: then no Python runs per item), an iterable, an
                asynchronous iterable, or a function that returns one of these for each epoch. An
                iterable may yield `Item` to give labels.
            labels: One for each item of a sequence.
            shuffle: A seed: every epoch takes a sequence in another order, a function of seed and
                epoch alone.

        Raises:
            ValueError: Labels or a seed for something that is not a sequence, or not as many labels
                as items.
        """
        if self._source is not None:
            raise ValueError("the pipeline has a source already")
        sequence = isinstance(items, Sequence) and not isinstance(items, (str, bytes, bytearray))
        if not sequence and not callable(items) and not isinstance(
            items, (Iterable, AsyncIterable)
        ):  # fmt: skip
            raise TypeError(f"a source is iterable or a function, not {type(items).__name__}")
        if isinstance(items, (str, bytes, bytearray)):
            raise TypeError("one path or bytes object is not a source: give a list of them")
        if not sequence and (labels is not None or shuffle is not None):
            raise ValueError("labels= and shuffle= need a sequence as source")
        if labels is not None and len(labels) != len(items):  # type: ignore[arg-type]
            raise ValueError(f"{len(labels)} labels for {len(items)} items")  # type: ignore[arg-type]
        seed = None if shuffle is None else operator.index(shuffle)
        return self._with(_source=items, _labels=labels, _shuffle=seed)

    def native(
        self,
        kernel: Any,
        *,
        concurrency: int | None = None,
        params: dict[str, Any] | None = None,
        nogil: bool | None = None,
        **parameters: Any,
    ) -> Self:
        """Add a kernel, called with what the stage before gave.

        A kernel without inputs, as ``file.read``, gets the item as its first required text.

        Args:
            kernel: Its name, a `Kernel`, or a native function (see `cogway.kernel`).
            nogil: Of a native function.
            concurrency: Items at a time, default twice the workers; neighbours take the least.
            params: Parameters whose names collide with arguments of this method.
            parameters: The kernel's parameters. `INDEX`, `POSITION`, `EPOCH` and `VALUE` stand for
                what they name of each item.

        Raises:
            LookupError: No such kernel.
            TypeError: No such parameter, or one of the wrong type.
            ValueError: A parameter out of its bounds, or given twice.
        """
        for name in (params or {}).keys() & parameters.keys():
            raise ValueError(f"{kernel}: parameter '{name}' is given twice")
        given = {**(params or {}), **parameters}
        limit = 0 if concurrency is None else at_least("concurrency", concurrency, 1)
        bound = {name: int(v) for name, v in given.items() if isinstance(v, ItemField)}
        fixed = {name: v for name, v in given.items() if not isinstance(v, ItemField)}
        stage = (kernel, fixed, bound, limit, nogil)
        _core.Flow(self._engine).native(*stage)  # refused here, not later
        return self._with(_stages=(*self._stages, ("native", stage)))

    def python(
        self, function: Callable[[Any], Any], *, concurrency: int = 1, name: str | None = None
    ) -> Self:
        """Add a Python function, called with an item's value, or with a `Batch` after `batch`.

        Args:
            function: A callable, run on the engine's Python workers, or a coroutine function, run
                on the consumer's loop (the engine's, for a consumer without one).
            concurrency: Calls at a time.
            name: For statistics and failures; default the function's own.
        """
        if not callable(function):
            raise TypeError(f"a Python stage is a callable, not {type(function).__name__}")
        limit = at_least("concurrency", concurrency, 1)
        label = name or getattr(function, "__qualname__", type(function).__name__)
        return self._with(_stages=(*self._stages, ("python", (function, label, limit))))

    def batch(self, size: int, *, drop_last: bool = False, stack: bool | None = None) -> Self:
        """Put `size` items together.

        Args:
            size: Items of a batch; the last one may be shorter.
            drop_last: Leave that one out.
            stack: One buffer with the items along its first dimension, written in place by the
                kernel before; otherwise a list. Default: stack after a native stage.
        """
        at_least("size", size, 1)
        after_native = bool(self._stages) and self._stages[-1][0] == "native"
        if any(kind == "batch" for kind, _ in self._stages):
            raise ValueError("the pipeline has a batch stage already")
        if stack and not after_native:
            raise ValueError("a stacked batch follows a native stage, which writes into it")
        stacked = after_native if stack is None else stack
        return self._with(_stages=(*self._stages, ("batch", (size, drop_last, stacked))))

    def prefetch(self, elements: int, *, bytes: int | None = None) -> Self:
        """Bound what is between source and consumer (default: two elements).

        Args:
            elements: Batches, or items where nothing batches, in whatever state.
            bytes: Bytes of buffers; default: as many as the bus has.
        """
        limit = 0 if bytes is None else at_least("bytes", bytes, 1)
        return self._with(_prefetch=at_least("elements", elements, 1), _bytes=limit)

    def ordered(self, in_order: bool = True) -> Self:
        """Yield elements in the order of the source (the default), or as they are finished."""
        return self._with(_in_order=bool(in_order))

    def skip_errors(self, limit: int | None = None) -> Self:
        """Leave out and count items that fail, instead of failing at the first one.

        Args:
            limit: Fail when more than that many were left out; default: never.
        """
        most = 2**64 - 1 if limit is None else at_least("limit", limit, 0)
        return self._with(_skip=most)

    def workers(self, worker_class: str = "background", *, priority: str = "normal") -> Self:
        """Choose who runs native stages; by default the background class, which yields."""
        if worker_class not in _WORKER_CLASSES:
            raise ValueError(
                f"worker_class must be 'foreground' or 'background', not {worker_class!r}"
            )
        if priority not in _PRIORITIES:
            raise ValueError(f"priority must be 'high', 'normal' or 'low', not {priority!r}")
        return self._with(_class=worker_class, _priority=priority)

    # --- Running -------------------------------------------------------------------------------

    def run(self, epoch: int | None = None) -> PipelineRun:
        """Begin an epoch.

        Args:
            epoch: Its number, for shuffling and for `EPOCH`; default: one more than the last.

        Raises:
            ValueError: There is no source, or it is an iterator that an earlier epoch has used up.
            EngineClosed: The engine is closed.
        """
        number = next(self._epochs) if epoch is None else at_least("epoch", epoch, 0)
        if self._source is None:
            raise ValueError("the pipeline has no source")
        self._engine._check_open()
        if self._flow is None:
            skip = self._skip
            self._flow = build_flow(
                self._engine, self._source, self._shuffle, self._stages,
                (
                    self._prefetch, self._bytes, self._in_order, skip is not None, skip or 0,
                    _PRIORITIES[self._priority], _WORKER_CLASSES[self._class],
                ),
            )  # fmt: skip
        elif is_used_up(self._source):
            raise ValueError(
                "the source is an iterator and was used up by the first epoch: give a sequence, an "
                "iterable that can be iterated again, or a function that returns one"
            )
        listed = isinstance(self._source, Sequence)
        values = self._source if listed else None
        core = self._flow.start(number)
        held = Held(values, self._labels)
        drives: list[SourceDrive | StageDrive] = []
        asynchronous = is_asynchronous(self._source)
        functions = {
            place: stage[0] for place, (kind, stage) in enumerate(self._stages) if kind == "python"
        }
        if functions:
            native_after = {place for place in functions if is_native(self._stages, place + 1)}
            drives.append(StageDrive(core, held, functions, native_after))
            asynchronous |= any(inspect.iscoroutinefunction(f) for f in functions.values())
        if not listed:
            make = self._source if callable(self._source) else lambda: self._source
            drives.append(SourceDrive(core, held, make, native=is_native(self._stages, 0)))
        return PipelineRun(self._engine, core, held, drives, needs_loop=asynchronous)

    def __iter__(self) -> PipelineRun:
        return self.run()

    def __aiter__(self) -> PipelineRun:
        return self.run()
