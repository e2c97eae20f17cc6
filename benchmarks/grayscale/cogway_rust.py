# SPDX-License-Identifier: Apache-2.0
"""A kernel of one's own in Rust, `kernels/gray_rust`: a plain loop in a pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import compiled, sibling

KERNELS = Path(__file__).parent / "kernels"
kernel: Any = sibling(__file__, "_kernel")


class InRust(kernel.Kernel):
    label = "cogway kernel in Rust"
    kernel = "gray.rust"

    def open(self) -> None:
        super().open()
        cogway.load(str(compiled.rust(KERNELS / "gray_rust.rs")))
