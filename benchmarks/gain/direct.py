# SPDX-License-Identifier: Apache-2.0
"""The C function called through ctypes, on the thread that waits."""

from __future__ import annotations

import ctypes
from typing import Any

from harness import Case, Contestant, sibling

data: Any = sibling(__file__, "_bytes")


class Direct(Contestant):
    label = "the C function, called directly"

    def open(self) -> None:
        self._mix = ctypes.CDLL(str(data.library())).mix
        self._mix.argtypes = (
            ctypes.c_char_p,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_int64,
        )
        self._mix.restype = None

    def measure(self, case: Case) -> dict[str, float]:
        given, rounds = data.given(case), case.number("rounds")
        out = ctypes.create_string_buffer(len(given))
        address = ctypes.addressof(out)

        def call() -> Any:
            self._mix(given, address, len(given), rounds)
            return out

        return data.microseconds(case, call)
