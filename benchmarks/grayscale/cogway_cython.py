# SPDX-License-Identifier: Apache-2.0
"""A Cython function as a kernel, by its capsule (`kernels/gray_capsule`): one call a frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import compiled, sibling

SOURCE = Path(__file__).parent / "kernels" / "gray_capsule.pyx"
kernel: Any = sibling(__file__, "_kernel")


class InCython(kernel.Kernel):
    label = "cogway kernel in Cython"
    distribution = "Cython"
    can_check = False

    def open(self) -> None:
        super().open()
        capsule = compiled.cython(SOURCE, checked=False).__pyx_capi__["gray"]
        self.kernel = cogway.kernel("gray.cython", capsule, arguments=kernel.ONE_FRAME, nogil=True)
