# SPDX-License-Identifier: Apache-2.0
"""The stand-in for a shared object, native; `_local.pyi` describes it."""

from cogway._core import LocalWrapper

__all__ = ["LocalWrapper"]
