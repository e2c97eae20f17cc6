# SPDX-License-Identifier: Apache-2.0
"""Training beside cogway's background workers."""

from __future__ import annotations

from typing import Any

from harness import sibling

training: Any = sibling(__file__, "_training")
Loader: Any = training.loading("cogway", "Ours")


class Beside(training.Training):
    label = "cogway, background workers"

    def loader(self) -> Any:
        return Loader()
