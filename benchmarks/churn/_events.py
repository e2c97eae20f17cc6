# SPDX-License-Identifier: Apache-2.0
"""What contestants share: the callable, the clock, and the Python thread that is busy meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Case, Contestant, compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

KERNELS = Path(__file__).parent / "kernels"
_NUMBERS = (ctypes.c_int64, ctypes.c_int64)  # how many events, how long between two


def threads() -> ctypes.CDLL:
    """Return the native threads of `kernels/attach.c`; its functions are called without the GIL."""
    library = ctypes.CDLL(str(compiled.c(KERNELS / "attach.c", "-pthread")))
    for function in (library.run_attach_each, library.run_attach_kept):
        function.argtypes, function.restype = (
            [ctypes.c_void_p, ctypes.py_object, *_NUMBERS],
            ctypes.c_int64,
        )
    library.run_callback.argtypes = [ctypes.c_void_p, *_NUMBERS]
    library.run_callback.restype = ctypes.c_int64
    return library


def interpreter() -> int:
    """Return this interpreter, to which those threads attach."""
    this = ctypes.pythonapi.PyInterpreterState_Get
    this.argtypes, this.restype = [], ctypes.c_void_p
    return int(this())


class Heard:
    """What the callable adds up, and when the last event came."""

    def __init__(self, events: int) -> None:
        self.left, self.total = events, 0
        self.at = 0.0
        self.all = threading.Event()

    def hear(self, number: int) -> None:
        """Take one event."""
        self.total += number
        self.left -= 1
        if self.left == 0:
            self.at = time.perf_counter()
            self.all.set()


class Events(Contestant):
    """A way of having Python hear of something."""

    @abstractmethod
    def run(self, heard: Heard, events: int, pause_ns: int) -> int:
        """Have `heard.hear` called so often; return what the native thread spent on it, in ns."""

    def measure(self, case: Case) -> dict[str, float]:
        events = case.number("events") // (10 if case.quick else 1)
        heard = Heard(events)
        with _busy() if case.params["busy"] else contextlib.nullcontext():
            began = time.perf_counter()
            spent = self.run(heard, events, case.number("pause_ns"))
            if not heard.all.wait(60) or spent < 0:
                raise RuntimeError(f"{heard.left} events were not heard of")
        if heard.total != events * (events - 1) // 2:
            raise RuntimeError("events were lost, or came twice")
        return {
            "native_ns": spent / events,
            "events_per_second": events / (heard.at - began),
        }


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """Have another Python thread compute meanwhile."""
    begun, over = threading.Event(), threading.Event()

    def compute() -> None:
        begun.set()
        number: Any = 0
        while not over.is_set():
            for _ in range(1000):
                number += 1

    thread = threading.Thread(target=compute)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()
