# SPDX-License-Identifier: Apache-2.0
"""`Ticket.done` of a finished no-op."""

from __future__ import annotations

import cogway
from harness import Case, Contestant, calls


class Ours(Contestant):
    label = "cogway Ticket.done"

    def measure(self, case: Case) -> dict[str, float]:
        with cogway.Engine(native_workers=1) as engine:
            ticket = engine.c_spawn("core.noop")
            ticket.result(10)
            return {"ns_per_call": calls.nanoseconds(ticket.done, case.count(20_000, 500), 15)}
