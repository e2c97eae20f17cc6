# SPDX-License-Identifier: Apache-2.0
"""`concurrent.futures.Future.done`: a lock and Python."""

from __future__ import annotations

from concurrent.futures import Future

from harness import Case, Contestant, calls


class ConcurrentFuture(Contestant):
    label = "concurrent.futures.Future.done"

    def measure(self, case: Case) -> dict[str, float]:
        future: Future[None] = Future()
        future.set_result(None)
        return {"ns_per_call": calls.nanoseconds(future.done, case.count(4_000, 200), 15)}
