# SPDX-License-Identifier: Apache-2.0
"""Cython functions as kernels, by their capsules (`kernels/gray_capsule`): one call a frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import Case, compiled, sibling

SOURCE = Path(__file__).parent / "kernels" / "gray_capsule.pyx"
kernel: Any = sibling(__file__, "_kernel")


class InCython(kernel.Kernel):
    label = "cogway kernel in Cython"
    distribution = "Cython"

    def open(self) -> None:
        super().open()
        capsules = compiled.cython(SOURCE, checked=False).__pyx_capi__
        self._kernels = {
            False: cogway.kernel(
                "gray.cython", capsules["gray"], arguments=kernel.ONE_FRAME, nogil=True
            ),
            True: cogway.kernel(
                "gray.cython_checked",
                capsules["gray_checked"],
                arguments=kernel.ONE_FRAME,
                returns="status",
                nogil=True,
            ),
        }

    def chosen(self, case: Case) -> Any:
        return self._kernels[bool(case.params["checked"])]

    def parameters(self, case: Case) -> dict[str, Any]:
        return {}
