# SPDX-License-Identifier: Apache-2.0
"""The work behind ``./dev``: standard library only, so it runs before anything is installed."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this package stands in."""
