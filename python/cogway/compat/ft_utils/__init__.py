# SPDX-License-Identifier: Apache-2.0
"""The modules of ft_utils, on cogway's own primitives: change the import, keep the code.

Where ft_utils has a defect, `cogway.sync`'s meaning holds; the reference lists the differences.
"""

from __future__ import annotations

from cogway.compat.ft_utils.concurrency import AtomicFlag, AtomicInt64, AtomicReference

__all__ = ["ENABLE_EXPERIMENTAL", "AtomicFlag", "AtomicInt64", "AtomicReference"]

ENABLE_EXPERIMENTAL: bool = False
"""As in ft_utils; nothing here is experimental, so nothing looks at it."""
