# SPDX-License-Identifier: Apache-2.0
"""The exceptions of queues: those of the standard library, and ShutDown where it lacks that."""

from __future__ import annotations

import sys
from queue import Empty, Full

if sys.version_info >= (3, 13):
    from queue import ShutDown
else:

    class ShutDown(Exception):  # the standard library's name, since 3.13
        """The queue was shut down: nothing more comes in or out."""


__all__ = ["Empty", "Full", "ShutDown"]
