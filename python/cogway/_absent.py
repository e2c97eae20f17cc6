# SPDX-License-Identifier: Apache-2.0
"""The value that a key without a value has, where one must be named."""

from __future__ import annotations

from typing import Final, final

__all__ = ["ABSENT", "Absent"]


@final
class Absent:
    """The class of `ABSENT`, its only instance."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""No value: as expected or desired value of ``compare_and_set``."""
