# SPDX-License-Identifier: Apache-2.0
"""Real photographs: distribution packages that the demo cuts its data set from."""

from __future__ import annotations

from pathlib import Path

from dev import machine

_PACKAGES = {
    Path("/usr/share/backgrounds/mate/nature/Blinds.jpg"): "mate-backgrounds",
    Path("/usr/share/wallpapers/Path"): "plasma-workspace-wallpapers",
}
"""By a path that each brings."""


def install() -> None:
    """Installs the packages whose files are absent."""
    machine.install(tuple(name for path, name in _PACKAGES.items() if not path.exists()))
