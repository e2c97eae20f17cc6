# SPDX-License-Identifier: Apache-2.0
"""A kernel of one's own in C++, `kernels/gray_cpp`: a plain loop in a pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import compiled, sibling

KERNELS = Path(__file__).parent / "kernels"
kernel: Any = sibling(__file__, "_kernel")


class InCpp(kernel.Kernel):
    label = "cogway kernel in C++"
    kernel = "gray.cpp"

    def open(self) -> None:
        super().open()
        cogway.load(str(compiled.cpp(KERNELS / "gray_cpp.cpp")))
