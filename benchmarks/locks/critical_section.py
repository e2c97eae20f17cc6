# SPDX-License-Identifier: Apache-2.0
"""`cogway.sync.critical_section`: the object is its own lock."""

from __future__ import annotations

from typing import Any

from harness import sibling

contestant: Any = sibling(__file__, "_contestant")


class OfSection(contestant.OfKind):
    label = "cogway.sync.critical_section"
    kind = "section"
