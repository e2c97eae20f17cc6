# SPDX-License-Identifier: Apache-2.0
"""Training beside cogway's foreground workers: what the worker class is worth."""

from __future__ import annotations

from typing import Any

from harness import sibling

training: Any = sibling(__file__, "_training")
Loader: Any = training.loading("cogway", "Ours")


class Beside(training.Training):
    label = "cogway, foreground workers"

    def loader(self) -> Any:
        loader = Loader()
        loader.worker_class = "foreground"
        return loader
