# SPDX-License-Identifier: Apache-2.0
"""Waiting at a channel of a shared bus as a task.

A task waits on a future of its loop. The loop watches one descriptor for each bus, which other
processes make readable; no thread is involved. A message is taken by the task itself, in the step
in which it goes on, so a cancelled task has taken none.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway._core import SharedBus, SharedChannel

__all__ = ["wait_for"]

_T = TypeVar("_T")
_LOOK = 0.05  # a killed process calls nobody
_FOREVER = 1e9


class _Line:
    """The tasks of one loop that wait at one side of a channel."""

    __slots__ = ("channel", "places", "room", "tasks")

    def __init__(self, channel: SharedChannel, room: bool) -> None:
        self.channel = channel
        self.room = room
        self.places: deque[asyncio.Future[None]] = deque()
        self.tasks = 0  # those that are between two places among them

    def wake(self, count: int) -> None:
        """Let so many try."""
        while count > 0 and self.places:
            place = self.places.popleft()
            if not place.done():
                place.set_result(None)
                count -= 1

    def look(self) -> None:
        """Let those try that may get something, and have the loop called for the others."""
        self.wake(self.channel._ready(self.room))
        if self.places:
            self.wake(self.channel._watch(self.room))


class _Calls:
    """What one loop waits for on one bus. Lives in the loop's reader, and ends with the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bus: SharedBus) -> None:
        self.bus = bus
        self.loop = weakref.ref(loop)
        self.lines: dict[tuple[int, bool], _Line] = {}
        self.descriptor = bus._loop_descriptor()
        loop.add_reader(self.descriptor, self.called)
        loop.call_later(_LOOK, self.look_around)

    def join(self, channel: SharedChannel, room: bool) -> _Line:
        """The line for one more task; it is there until the last one calls `leave`."""
        key = (id(channel), room)
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = _Line(channel, room)
        line.tasks += 1
        return line

    def leave(self, line: _Line) -> None:
        """One task less."""
        line.tasks -= 1
        if line.tasks == 0:
            del self.lines[id(line.channel), line.room]

    def called(self) -> None:
        """Another process called all loops of this one; whoever comes first tells the others."""
        self.bus._clear_loop_calls()
        self.look()
        if len(_calls) == 1:
            return
        with _lock:
            others = [calls for (_, key), calls in _calls.items() if key == self.bus._key]
        for calls in others:
            loop = calls.loop()
            if calls is not self and loop is not None:
                with suppress(RuntimeError):  # it was closed meanwhile
                    loop.call_soon_threadsafe(calls.look)

    def look(self) -> None:
        """Look at everything that is waited for."""
        for line in list(self.lines.values()):
            line.look()

    def look_around(self) -> None:
        """Look after what nobody calls for; the end, when nothing is waited for."""
        loop = asyncio.get_running_loop()
        if self.lines:
            self.look()
            loop.call_later(_LOOK, self.look_around)
            return
        loop.remove_reader(self.descriptor)
        with _lock:
            _calls.pop((id(loop), self.bus._key), None)


_lock = threading.Lock()
_calls: weakref.WeakValueDictionary[tuple[int, int], _Calls] = weakref.WeakValueDictionary()


def _start_anew() -> None:
    """In a forked child: the loops are the parent's."""
    global _lock, _calls
    _lock = threading.Lock()
    _calls = weakref.WeakValueDictionary()


os.register_at_fork(after_in_child=_start_anew)


def _calls_of(loop: asyncio.AbstractEventLoop, channel: SharedChannel) -> _Calls:
    key = (id(loop), channel._bus_key)
    with _lock:
        calls = _calls.get(key)
    if calls is None or calls.loop() is not loop:
        calls = _Calls(loop, channel._bus())
        with _lock:
            _calls[key] = calls
    return calls


def _deadline(loop: asyncio.AbstractEventLoop, seconds: float | None) -> float | None:
    if seconds is None:
        return None
    return None if seconds >= _FOREVER else loop.time() + seconds


async def wait_for(
    channel: SharedChannel, room: bool, attempt: Callable[[], _T | None], seconds: float | None
) -> _T:
    """What `attempt` finds, when it finds something."""
    loop = asyncio.get_running_loop()
    deadline = _deadline(loop, seconds)
    calls = _calls_of(loop, channel)
    line = calls.join(channel, room)
    timed_out = False
    again = False
    try:
        while True:
            place = loop.create_future()
            timer = None
            if again:
                line.places.appendleft(place)
            else:
                line.places.append(place)
            try:
                # Whoever sends after this look calls.
                channel._watch(room)
                if (found := attempt()) is not None:
                    return found
                if deadline is not None:
                    if loop.time() >= deadline:
                        timed_out = True
                        what = "no room in" if room else "no message in"
                        raise TimeoutError(f"{what} channel '{channel.name}' in time")
                    timer = loop.call_at(deadline, _come_to_time, place)
                await place
            except BaseException:
                if place.done() and not place.cancelled():
                    line.wake(1)  # it was this one's turn, and is the next one's now
                raise
            finally:
                if timer is not None:
                    timer.cancel()
                if not place.done() or place.cancelled():
                    _leave(line, place)
            if (found := attempt()) is not None:
                return found
            again = True
    finally:
        calls.leave(line)
        channel._end_watch(room, timed_out)


def _come_to_time(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_result(None)


def _leave(line: _Line, place: asyncio.Future[None]) -> None:
    with suppress(ValueError):
        line.places.remove(place)
