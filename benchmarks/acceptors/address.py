# SPDX-License-Identifier: Apache-2.0
"""Addresses with their C signatures."""

from __future__ import annotations

from typing import Any

from harness import sibling

acceptor: Any = sibling(__file__, "_acceptor")


class Address(acceptor.Acceptor):
    label = "(address, signature)"

    def functions(self) -> dict[str, Any]:
        return {
            "nothing": (acceptor.address("nothing"), "void nothing() noexcept nogil"),
            "twice": (acceptor.address("twice"), "double twice(double x) noexcept nogil"),
        }
