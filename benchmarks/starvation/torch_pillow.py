# SPDX-License-Identifier: Apache-2.0
"""Training beside torch's DataLoader with two worker processes."""

from __future__ import annotations

from typing import Any

from harness import sibling

training: Any = sibling(__file__, "_training")
Loader: Any = training.loading("torch_pillow", "TorchPillow")


class Beside(training.Training):
    label = "torch DataLoader, 2 processes, Pillow"

    def loader(self) -> Any:
        return Loader()
