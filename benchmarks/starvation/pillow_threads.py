# SPDX-License-Identifier: Apache-2.0
"""Training beside Pillow in a pool of two threads."""

from __future__ import annotations

from typing import Any

from harness import sibling

training: Any = sibling(__file__, "_training")
Loader: Any = training.loading("pillow_threads", "PillowThreads")


class Beside(training.Training):
    label = "Pillow, 2 threads"

    def loader(self) -> Any:
        return Loader()
