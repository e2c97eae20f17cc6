# SPDX-License-Identifier: Apache-2.0
"""Functions that numba has compiled with `@cfunc`."""

from __future__ import annotations

from typing import Any

import numba
from harness import sibling

acceptor: Any = sibling(__file__, "_acceptor")


class NumbaCfunc(acceptor.Acceptor):
    label = "numba cfunc"
    distribution = "numba"

    def functions(self) -> dict[str, Any]:
        return {
            "nothing": numba.cfunc("void()")(lambda: None),
            "twice": numba.cfunc("float64(float64)")(lambda x: 2 * x),
        }
