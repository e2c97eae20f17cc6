# SPDX-License-Identifier: Apache-2.0
"""A native thread that keeps its thread state, and takes and leaves the GIL for each call."""

from __future__ import annotations

from typing import Any

from harness import sibling

events: Any = sibling(__file__, "_events")


class AttachKept(events.Events):
    label = "the GIL for each call, the thread state kept"

    def open(self) -> None:
        self._threads = events.threads()

    def run(self, heard: Any, count: int, pause_ns: int) -> int:
        return int(self._threads.run_attach_kept(events.interpreter(), heard.hear, count, pause_ns))
