# SPDX-License-Identifier: Apache-2.0
"""One worker process, as its engine sees it: started, called, ended."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import weakref
from typing import TYPE_CHECKING

from cogway._errors import (
    ChannelClosed,
    ChannelEmpty,
    RemoteTraceback,
    WorkerLost,
)
from cogway._processes.shipping import MESSAGE_BYTES, Arrived, Message
from cogway._processes.worker import CALL, LENGTH, READY

if TYPE_CHECKING:
    from cogway._core import Buffer, SharedBus
    from cogway._strategy import Processes

_LOOK = 0.05
"""Seconds between two looks whether the process that a thread waits for is still there."""
_START = 60.0
"""Seconds that a process has to take what it is set up with; its initializer may take any time."""
_END = 5.0
"""Seconds that a process has to end by itself once it was told to."""
_lifelines: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    """Close what would keep the parent's workers alive when the parent is gone."""
    for line in list(_lifelines):
        line.close()
    _lifelines.clear()


os.register_at_fork(after_in_child=_after_fork_in_child)


def _ending_of(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


class WorkerProcess:
    """One process. Threads: the one whose it is; `kill` from any."""

    def __init__(self, bus: SharedBus, serial: int, options: Processes) -> None:
        """Start it; `begin` is still to come."""
        self.calls_done = 0
        self._bus = bus
        self._options = options
        self._first = Message(CALL, (options.initializer, options.initargs), bus)
        names = {"calls": f"calls-{serial}", "answers": f"answers-{serial}"}
        self._calls, self._answers = (
            bus.channel(name, capacity=16, kind="spsc", policy="block", message_bytes=MESSAGE_BYTES)
            for name in names.values()
        )
        self._setup = pickle.dumps({"path": sys.path, "argv": sys.argv, **names})
        code = "from cogway._processes.worker import main; main()"
        flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        self._line, theirs = socket.socketpair()
        _lifelines.add(self._line)
        try:
            with theirs:
                command = [sys.executable, *flags, "-c", code]
                self.process = subprocess.Popen(command, stdin=theirs.fileno())
        except BaseException:
            self.close_channels()
            raise

    def begin(self) -> None:
        """Set it up and run its initializer, whose exception is raised here; then it has ended.

        Raises:
            WorkerLost: It died over it.
        """
        try:
            self._line.settimeout(_START)
            self._line.sendall(LENGTH.pack(len(self._setup)) + self._setup)
            self._bus.send(self._line)
            self._first.send(self._put)
            del self._setup, self._first
            answer = self._answer(None)
        except BaseException as error:
            if not isinstance(error, (ConnectionError, _Gone)):
                self.kill()
            ending = _ending_of(self.process)
            self.close_channels()
            if not isinstance(error, (OSError, _Gone)):
                raise
            raise WorkerLost(
                f"a worker process could not start: it {ending}; what it wrote is on stderr"
            ) from None
        if answer.kind != READY:
            failure = raised(answer)
            self.stop()
            raise failure

    def _put(self, item: Buffer | bytes) -> None:
        while True:
            try:
                return self._calls.send(item, timeout=_LOOK)
            except TimeoutError:
                if self.process.poll() is not None:
                    raise _Gone from None

    def _answer(self, deadline: float | None) -> Arrived:
        arrived = Arrived()
        while not arrived.add(self._take(deadline)):
            pass
        return arrived

    def _take(self, deadline: float | None) -> Buffer | bytes:
        while True:
            try:
                return self._answers.receive(timeout=_LOOK)
            except TimeoutError:
                if self.process.poll() is not None:
                    break
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError from None
        try:
            return self._answers.receive_nowait()  # its last word
        except ChannelEmpty:
            raise _Gone from None

    def call(self, message: Message) -> Arrived:
        """Send a call and return its outcome.

        Raises:
            WorkerLost: The process died.
            TimeoutError: It took longer than the limit, and the process was killed.
        """
        limit = self._options.time_limit
        self.calls_done += 1
        try:
            message.send(self._put)
        except _Gone:
            raise self._loss() from None
        except BaseException:
            self.kill()  # what has been sent of it would be taken for the next call's
            self.process.wait()
            raise
        try:
            return self._answer(None if limit is None else time.monotonic() + limit)
        except TimeoutError:
            self.kill()
            raise TimeoutError(f"the call took longer than time_limit={limit} seconds") from None
        except (_Gone, ChannelClosed):
            raise self._loss() from None

    def _loss(self) -> WorkerLost:
        ending = _ending_of(self.process)
        return WorkerLost(f"worker process {self.process.pid} {ending} while it ran this call")

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()

    def close_channels(self) -> None:
        """Let go of what connects."""
        for channel in (self._calls, self._answers):
            channel.close()
        del self._calls, self._answers, channel  # the traceback of a failure may hold this object
        self._line.close()

    def stop(self) -> None:
        """Tell it to end and wait until it has; the impatient kill it."""
        self._calls.close()
        try:
            self.process.wait(_END)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self.close_channels()


class _Gone(Exception):  # noqa: N818: told on as WorkerLost
    """The process has ended."""


def raised(answer: Arrived) -> BaseException:
    error: BaseException
    error, text = answer.value()
    error.__cause__ = RemoteTraceback(text)
    return error
