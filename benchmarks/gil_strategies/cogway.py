# SPDX-License-Identifier: Apache-2.0
"""Worker processes of an engine: buffers of the shared bus cross without a copy."""

from __future__ import annotations

from harness import Case, Contestant, sibling

_engine = sibling(__file__, "_engine")


class Ours(Contestant):
    label = "cogway, processes"

    def measure(self, case: Case) -> dict[str, float]:
        return _engine.measure(case, "processes")
