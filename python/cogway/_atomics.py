# SPDX-License-Identifier: Apache-2.0
"""The atomic types, native; `_atomics.pyi` describes them."""

from cogway._core import AtomicBool, AtomicFloat64, AtomicInt64, AtomicReference, AtomicUInt64

__all__ = ["AtomicBool", "AtomicFloat64", "AtomicInt64", "AtomicReference", "AtomicUInt64"]
