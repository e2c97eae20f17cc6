# SPDX-License-Identifier: Apache-2.0
"""The standard library's lock."""

from __future__ import annotations

from typing import Any

from harness import sibling

contestant: Any = sibling(__file__, "_contestant")


class OfThreading(contestant.OfKind):
    label = "threading.Lock"
    kind = "threading"
