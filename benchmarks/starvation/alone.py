# SPDX-License-Identifier: Apache-2.0
"""Training without any loading: the floor."""

from __future__ import annotations

from typing import Any

from harness import sibling

training: Any = sibling(__file__, "_training")


class Alone(training.Training):
    label = "no loading"

    def loader(self) -> Any:
        return None
