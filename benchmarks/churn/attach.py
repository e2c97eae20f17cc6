# SPDX-License-Identifier: Apache-2.0
"""A native thread that attaches a thread state for each call, and detaches it."""

from __future__ import annotations

from typing import Any

from harness import sibling

events: Any = sibling(__file__, "_events")


class Attach(events.Events):
    label = "attach and detach for each call"

    def open(self) -> None:
        self._threads = events.threads()

    def run(self, heard: Any, count: int, pause_ns: int) -> int:
        return int(self._threads.run_attach_each(events.interpreter(), heard.hear, count, pause_ns))
