# SPDX-License-Identifier: Apache-2.0
"""numpy: a pass over the bytes for each operation, in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import Case, Contestant, sibling

data: Any = sibling(__file__, "_bytes")


class NumpyPasses(Contestant):
    label = "numpy"
    distribution = "numpy"

    def measure(self, case: Case) -> dict[str, float]:
        given, rounds = np.frombuffer(data.given(case), np.uint8), case.number("rounds")
        five, seventeen = np.uint8(5), np.uint8(17)

        def call() -> Any:
            values = given * five
            values += seventeen
            for _ in range(rounds - 1):
                values *= five
                values += seventeen
            return values

        return data.microseconds(case, call)
