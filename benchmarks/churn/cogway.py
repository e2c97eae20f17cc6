# SPDX-License-Identifier: Apache-2.0
"""`host->post` from a kernel: the native thread never attaches, and never waits for the GIL."""

from __future__ import annotations

from typing import Any

import cogway
from harness import compiled, sibling

events: Any = sibling(__file__, "_events")

_CAPACITY = 16_384  # more than there are events: what counts is a post, not the queue


class Post(events.Events):
    label = "cogway, posts"

    def open(self) -> None:
        cogway.load(str(compiled.c(events.KERNELS / "post.c")))
        self._engine = cogway.Engine(native_workers=1, background_workers=1)

    def run(self, heard: Any, count: int, pause_ns: int) -> int:
        hear = heard.hear
        with self._engine.on_post(
            "churn", lambda number: hear(number.item()), loop=None, capacity=_CAPACITY
        ):
            spent = self._engine.c_spawn("churn.post", n=count, pause_ns=pause_ns).result(60)
            heard.all.wait(60)
        return int(spent.item())

    def close(self) -> None:
        self._engine.close()
