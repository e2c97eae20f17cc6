# SPDX-License-Identifier: Apache-2.0
"""A peer that is not installed."""

import a_package_that_nobody_has  # type: ignore[import-not-found]
from harness import Case, Contestant


class Missing(Contestant):
    def measure(self, case: Case) -> dict[str, float]:
        return a_package_that_nobody_has.measure(case)
