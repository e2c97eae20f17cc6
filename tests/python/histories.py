# SPDX-License-Identifier: Apache-2.0
"""Is there one order of all recorded calls that a simple sequential object would have answered so?

Wing and Gong's search with Lowe's memory of configurations; the Python twin of
``tests/stress/linearizability.hpp``.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Call:
    """One finished call: begin and end are ticks of one clock that all threads share."""

    thread: int
    name: str
    arguments: tuple
    answer: Any
    begin: int
    end: int

    def __str__(self) -> str:
        words = ", ".join(map(repr, self.arguments))
        return (
            f"[{self.begin}, {self.end}] thread {self.thread}: "
            f"{self.name}({words}) -> {self.answer!r}"
        )


class Recorder:
    """Runs scripts of calls in threads and records what they answered."""

    def __init__(self, target: object) -> None:
        self._target = target
        self._clock = itertools.count()

    def run(self, scripts: Sequence[Sequence[tuple]]) -> list[Call]:
        """Each script is a list of (method, arguments...); one thread runs each."""
        histories: list[list[Call]] = [[] for _ in scripts]
        start = threading.Barrier(len(scripts))

        def work(number: int) -> None:
            start.wait()
            for name, *arguments in scripts[number]:
                method = getattr(self._target, name)
                begin = next(self._clock)
                try:
                    answer = method(*arguments)
                except Exception as error:  # its type is the answer
                    answer = type(error).__name__
                end = next(self._clock)
                histories[number].append(Call(number, name, tuple(arguments), answer, begin, end))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(scripts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [call for history in histories for call in history]


def violation(
    history: list[Call],
    state: Any,
    apply: Callable[[Any, Call], Any],
) -> str:
    """What could not be ordered, or an empty string.

    Args:
        history: The calls.
        state: The object's state at first; hashable.
        apply: The state after a call, or None if the call cannot have answered so in this state.
    """
    calls = sorted(history, key=lambda call: call.begin)
    seen: set[tuple[frozenset[int], Any]] = set()
    stack = [(frozenset(range(len(calls))), state)]
    most = 0
    while stack:
        left, now = stack.pop()
        if not left:
            return ""
        if (left, now) in seen:
            continue
        seen.add((left, now))
        most = max(most, len(calls) - len(left))
        first_end = min(calls[i].end for i in left)
        for i in left:
            if calls[i].begin > first_end:
                continue
            after = apply(now, calls[i])
            if after is not None:
                stack.append((left - {i}, after))
    listing = "\n".join(map(str, calls))
    return f"no order explains these calls ({most} of {len(calls)} could be ordered):\n{listing}"
