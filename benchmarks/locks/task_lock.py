# SPDX-License-Identifier: Apache-2.0
"""`cogway.sync.Lock`: for threads and tasks."""

from __future__ import annotations

from typing import Any

from harness import sibling

contestant: Any = sibling(__file__, "_contestant")


class OfLock(contestant.OfKind):
    label = "cogway.sync.Lock"
    kind = "lock"
