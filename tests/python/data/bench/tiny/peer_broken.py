# SPDX-License-Identifier: Apache-2.0
"""A peer that fails when it is measured."""

from harness import Case, Contestant


class Broken(Contestant):
    label = "broken peer"

    def measure(self, case: Case) -> dict[str, float]:
        raise RuntimeError(f"the answer to {case.name!r} is lost")
