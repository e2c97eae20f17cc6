# SPDX-License-Identifier: Apache-2.0
"""Ours: costs 12 a round, and drifts as the machine does."""

from harness import Case, Contestant


class Ours(Contestant):
    label = "cogway"
    rounds = 0

    def measure(self, case: Case) -> dict[str, float]:
        self.rounds += 1
        cost = 12.0 * self.rounds * case.number("factor")
        return {"cost": cost, "speed": 1e9 / cost}
