# SPDX-License-Identifier: Apache-2.0
"""What a worker process runs: calls from one channel, outcomes into another.

`cogway._processes.process` starts it with a socket as its standard input. The socket brings the
set-up and the bus; when its other end is closed, the parent is gone, and so is this process.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
from typing import TYPE_CHECKING, Any, NoReturn

from cogway._core import Bus, SharedBus
from cogway._errors import ChannelClosed, CogwayError
from cogway._processes.shipping import Arrived, Message, round_trip

if TYPE_CHECKING:
    from cogway._core import SharedChannel

READY, CALL, RESULT, ERROR = range(4)
LENGTH = struct.Struct("<Q")
bus: SharedBus | None = None
"""What `cogway.worker_bus` returns."""


def _read(connection: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(connection, size - len(data))
        if not part:
            os._exit(0)  # the parent is gone before anything began
        data += part
    return data


def _end_with_parent(connection: int) -> None:
    """Wait for the end of the parent, which says nothing more."""
    try:
        os.read(connection, 1)
    finally:
        os._exit(1)  # nobody will ask for what runs


def _failure(error: BaseException) -> tuple[BaseException, str]:
    """Return an exception as it can be sent, and how its traceback reads."""
    import traceback

    inner = error.__traceback__
    while inner is not None and inner.tb_frame.f_code.co_filename == __file__:
        inner = inner.tb_next
    text = "".join(traceback.format_exception(type(error), error, inner))
    return error.with_traceback(None), text


class _Answers:
    """The channel of outcomes."""

    def __init__(self, channel: SharedChannel, bus: SharedBus) -> None:
        self._channel = channel
        self._bus = bus

    def send(self, kind: int, value: Any) -> None:
        Message(kind, value, self._bus).send(self._channel.send)

    def fail(self, error: BaseException) -> None:
        sent = _failure(error)
        try:
            if type(error).__module__ != "builtins":
                round_trip(error, self._bus)  # many an exception only seems to be picklable
        except Exception as reason:
            lost = CogwayError(
                f"the call raised {type(error).__qualname__}: {error}, which cannot be sent: "
                f"{type(reason).__name__}: {reason}"
            )
            sent = lost, sent[1]
        try:
            self.send(ERROR, sent)
        except ChannelClosed:
            raise
        except Exception as reason:
            self.send(ERROR, (CogwayError(f"the outcome cannot be sent: {reason!r}"), sent[1]))


def _result(calls: list[Arrived]) -> Any:
    function, arguments, keywords = calls.pop().value()
    return function(*arguments, **keywords)


def _run(call: list[Arrived], answers: _Answers) -> None:
    """Run one call. What it was given is dropped before its outcome is told."""
    try:
        answers.send(RESULT, _result(call))
    except ChannelClosed:
        raise
    except BaseException as error:  # SystemExit too: the worker goes on
        answers.fail(error)


def _next(calls: SharedChannel) -> Arrived:
    call = Arrived()
    while not call.add(calls.receive()):
        pass
    return call


def main() -> NoReturn:
    """Serve until the engine closes the channel."""
    global bus
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    connection = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    setup = pickle.loads(_read(connection, LENGTH.unpack(_read(connection, LENGTH.size))[0]))
    sys.path[:] = setup["path"]
    sys.argv[:] = setup["argv"]
    bus = Bus.receive(connection)
    threading.Thread(
        target=_end_with_parent, args=(connection,), name="cogway-parent", daemon=True
    ).start()
    calls = bus.channel(setup["calls"])
    channel = bus.channel(setup["answers"])
    answers = _Answers(channel, bus)
    try:
        try:
            initializer, arguments = _next(calls).value()
            if initializer is not None:
                initializer(*arguments)
        except Exception as error:
            answers.fail(error)
            sys.exit(1)
        answers.send(READY, os.getpid())
        while True:
            _run([_next(calls)], answers)
    except ChannelClosed:
        sys.exit(0)
