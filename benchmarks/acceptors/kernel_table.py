# SPDX-License-Identifier: Apache-2.0
"""Declarations of kernels in a shared library, as a pack has them."""

from __future__ import annotations

from typing import Any

from harness import sibling

acceptor: Any = sibling(__file__, "_acceptor")


class KernelTable(acceptor.Acceptor):
    label = "a kernel table of kernel_abi.h"
    tells_all = True

    def functions(self) -> dict[str, Any]:
        return {
            name: (acceptor.address(f"{name}_kernel"), "cogway_kernel")
            for name in ("nothing", "twice")
        }
