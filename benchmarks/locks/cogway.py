# SPDX-License-Identifier: Apache-2.0
"""`cogway.sync.Mutex`: threads only, priority inheritance."""

from __future__ import annotations

from typing import Any

from harness import sibling

contestant: Any = sibling(__file__, "_contestant")


class OfMutex(contestant.OfKind):
    label = "cogway.sync.Mutex"
    kind = "mutex"
