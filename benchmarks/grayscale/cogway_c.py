# SPDX-License-Identifier: Apache-2.0
"""A kernel of one's own in C, `kernels/gray_c`: a plain loop in a pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import compiled, sibling

KERNELS = Path(__file__).parent / "kernels"
kernel: Any = sibling(__file__, "_kernel")


class InC(kernel.Kernel):
    label = "cogway kernel in C"
    kernel = "gray.c"

    def open(self) -> None:
        super().open()
        cogway.load(str(compiled.c(KERNELS / "gray_c.c")))
