# SPDX-License-Identifier: Apache-2.0
"""A peer that has no answer to one case."""

from harness import Case, Contestant


class Slow(Contestant):
    label = "slow peer"
    rounds = 0

    def refuses(self, case: Case) -> str | None:
        return "cannot double" if case.number("factor") == 2 else None

    def measure(self, case: Case) -> dict[str, float]:
        self.rounds += 1
        cost = 100.0 * self.rounds
        return {"cost": cost, "speed": 1e9 / cost}
