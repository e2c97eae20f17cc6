# SPDX-License-Identifier: Apache-2.0
"""Python workers of an engine that are threads of this interpreter."""

from __future__ import annotations

from harness import Case, Contestant, sibling

_engine = sibling(__file__, "_engine")


class Threads(Contestant):
    label = "cogway, main"

    def measure(self, case: Case) -> dict[str, float]:
        return _engine.measure(case, "main")
