# SPDX-License-Identifier: Apache-2.0
"""torch.utils.data.DataLoader with two worker processes, Pillow inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image  # noqa: F401 - absent is told here
import torch
from harness import sibling

if TYPE_CHECKING:
    from collections.abc import Iterator

bodies: Any = sibling(__file__, "_bodies")
crops: Any = sibling(__file__, "_crops")
loader: Any = sibling(__file__, "_loader")


class Pictures(torch.utils.data.Dataset[torch.Tensor]):
    """The map-style dataset that people write."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        slot = np.empty(loader.SHAPE[1:], np.float32)
        epoch = torch.utils.data.get_worker_info().seed & 0xFFFFFFFF
        bodies.pillow(self.paths[index], epoch, index, slot)
        return torch.from_numpy(slot)


class TorchPillow(loader.Loader):
    label = "torch DataLoader, 2 processes, Pillow"
    distribution = "torch"

    def start(self, paths: list[str]) -> None:
        self._loader = torch.utils.data.DataLoader(
            Pictures(paths),
            batch_size=crops.BATCH,
            num_workers=crops.WORKERS,
            shuffle=False,
            drop_last=True,
            persistent_workers=True,
        )

    def epoch(self, number: int) -> Iterator[Any]:
        return iter(self._loader)

    def stop(self) -> None:
        del self._loader
