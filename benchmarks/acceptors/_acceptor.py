# SPDX-License-Identifier: Apache-2.0
"""What contestants share: the C functions, and the clock that runs them beside a kernel by hand."""

from __future__ import annotations

import ctypes
import statistics
import time
from abc import abstractmethod
from pathlib import Path
from typing import Any

import cogway
from harness import Case, Contestant, compiled

KERNELS = Path(__file__).parent / "kernels"
CALLS, SLICES = 5_000, 15


def library() -> ctypes.CDLL:
    """Return the functions of `kernels/functions.c`, without their signatures."""
    return ctypes.CDLL(str(compiled.c(KERNELS / "functions.c")))


def address(name: str) -> int:
    """Return where a function or a table of the library is."""
    return ctypes.addressof(ctypes.c_char.in_dll(library(), name))


class Acceptor(Contestant):
    """Functions of one kind, called in slices that take turns with slices of a kernel by hand."""

    tells_all = False  # the functions say themselves what their parameters are called

    @abstractmethod
    def functions(self) -> dict[str, Any]:
        """Return `nothing` and `twice`."""

    def open(self) -> None:
        arguments = {"nothing": [], "twice": [cogway.Scalar("x")]}
        self._kernels = {
            name: cogway.kernel(
                f"acceptors.{name}",
                function,
                nogil=True,
                arguments=None if self.tells_all else arguments[name],
            )
            for name, function in self.functions().items()
        }
        cogway.kernel("acceptors.twice_by_hand", (address("twice_kernel"), "cogway_kernel"))
        self._engine = cogway.Engine(native_workers=1, background_workers=1)

    def measure(self, case: Case) -> dict[str, float]:
        calls, slices = case.count(CALLS, 200), case.count(SLICES, 3)
        kernel, beside = self._kernels[case.text("do")], case.text("beside")
        parameters: dict[str, float] = {}
        if case.text("do") == "twice":
            parameters = {"x": 21.0}
            (found,) = self._engine.c_map(kernel, 1, params=parameters).result(60)
            if (found.item() if self.tells_all else found) != 42.0:
                raise RuntimeError("twice 21 is not 42")
        extra, total = [], []
        for _ in range(slices):
            base = nanoseconds(self._engine, beside, calls, parameters)
            whole = nanoseconds(self._engine, kernel, calls, parameters)
            extra.append(whole - base)
            total.append(whole)
        return {"extra_ns": statistics.median(extra), "ns_per_call": statistics.median(total)}

    def close(self) -> None:
        self._engine.close()


def nanoseconds(engine: cogway.Engine, kernel: Any, calls: int, parameters: Any) -> float:
    """Return what a call costs in one `c_map`, from making it until the last result is there."""
    began = time.perf_counter_ns()
    engine.c_map(kernel, calls, params=parameters).result(60)
    return (time.perf_counter_ns() - began) / calls
