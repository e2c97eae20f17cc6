# SPDX-License-Identifier: Apache-2.0
"""``ft_utils.weave``: destructors of native thread-local variables."""

from __future__ import annotations

from cogway.sync import register_native_destructor, unregister_native_destructor

__all__ = ["register_native_destructor", "unregister_native_destructor"]
