# SPDX-License-Identifier: Apache-2.0
"""A ctypes callback, called by a native thread: ctypes attaches and detaches for each call."""

from __future__ import annotations

import ctypes
from typing import Any

from harness import sibling

events: Any = sibling(__file__, "_events")


class CtypesCallback(events.Events):
    label = "ctypes callback"

    def open(self) -> None:
        self._threads = events.threads()

    def run(self, heard: Any, count: int, pause_ns: int) -> int:
        callback = ctypes.CFUNCTYPE(None, ctypes.c_int64)(heard.hear)
        return int(
            self._threads.run_callback(ctypes.cast(callback, ctypes.c_void_p), count, pause_ns)
        )
