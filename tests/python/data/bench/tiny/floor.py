# SPDX-License-Identifier: Apache-2.0
"""The floor: costs 10 a round, with the same drift."""

from harness import Case, Contestant


class Floor(Contestant):
    label = "bare floor"
    rounds = 0

    def measure(self, case: Case) -> dict[str, float]:
        print("noise that a library writes to standard output")
        self.rounds += 1
        cost = 10.0 * self.rounds * case.number("factor")
        return {"cost": cost, "speed": 1e9 / cost}
