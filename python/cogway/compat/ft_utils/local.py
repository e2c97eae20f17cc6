# SPDX-License-Identifier: Apache-2.0
"""``ft_utils.local``: what one thread uses in the place of a shared object."""

from __future__ import annotations

from cogway.sync import BatchExecutor, LocalWrapper

__all__ = ["BatchExecutor", "LocalWrapper"]
