# SPDX-License-Identifier: Apache-2.0
"""The kernel that comes with cogway, `image.grayscale`: SIMD, a stream of frames."""

from __future__ import annotations

from typing import Any

from harness import sibling

kernel: Any = sibling(__file__, "_kernel")


class Ours(kernel.Kernel):
    label = "cogway image.grayscale"
    kernel = "image.grayscale"
    can_check = False
