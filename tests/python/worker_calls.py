# SPDX-License-Identifier: Apache-2.0
"""What the tests of worker processes call there: importable, and with nothing to import itself."""

from __future__ import annotations

import os
import signal
import threading

import cogway

state: dict[str, object] = {}


class CallError(Exception):
    """An exception that travels."""


class StubbornError(Exception):
    """One that pickles, and cannot be unpickled."""

    def __init__(self, left, right):
        super().__init__(left)
        self.right = right


class LockedError(Exception):
    """One that does not even pickle."""

    def __init__(self):
        super().__init__("locked")
        self.lock = threading.Lock()


def identity(value):
    return value


def pid(*_):
    return os.getpid()


def fail(error):
    raise error


def fail_with(name):
    raise {"stubborn": lambda: StubbornError(1, 2), "locked": LockedError}[name]()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def leave(status):
    os._exit(status)


def kill_once(channel):
    """Die at the first call, and return at the second."""
    line = cogway.worker_bus().channel(channel)
    if line.receive(30) == b"die":
        kill()
    return "survived"


def meet(channel, here, there):
    """Return once two calls are here at the same time."""
    bus = cogway.worker_bus()
    bus.channel(f"{channel}-{there}").send(b"here")
    return bus.channel(f"{channel}-{here}").receive(30)


def tell_and_wait(channel):
    """Say that the call has begun, and never return."""
    bus = cogway.worker_bus()
    bus.channel(channel).send(str(os.getpid()).encode())
    bus.channel(f"{channel}-never").receive()


def remember(key, value):
    state[key] = value


def recall(key):
    return state.get(key)


def lock():
    return threading.Lock()


def total(array):
    return float(array.sum())


def doubled(array):
    array *= 2
    return array


def writes_into(array):
    array[0] = 1


def on_own_engine():
    return cogway.spawn(pow, 2, 5).result(), cogway.default_engine().strategy


def lease_there(size):
    buffer = cogway.worker_bus().lease(size)
    memoryview(buffer)[:] = b"x" * size
    return buffer.freeze()
