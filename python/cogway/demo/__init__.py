# SPDX-License-Identifier: Apache-2.0
"""`cogway demo`: a classifier on real photographs, fed by cogway and by its alternatives."""

from __future__ import annotations

from cogway.demo.app import main

__all__ = ["main"]
