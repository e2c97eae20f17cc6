# SPDX-License-Identifier: Apache-2.0
"""A cffi callback, called by a native thread: cffi keeps the thread state that it attaches."""

from __future__ import annotations

from typing import Any

import cffi
from harness import sibling

events: Any = sibling(__file__, "_events")


class CffiCallback(events.Events):
    label = "cffi callback"
    distribution = "cffi"

    def open(self) -> None:
        self._threads, self._ffi = events.threads(), cffi.FFI()

    def run(self, heard: Any, count: int, pause_ns: int) -> int:
        callback = self._ffi.callback("void(int64_t)", heard.hear)
        address = int(self._ffi.cast("uintptr_t", callback))
        return int(self._threads.run_callback(address, count, pause_ns))
