# SPDX-License-Identifier: Apache-2.0
"""The photographs of the demo: which file of which package shows what, and who made it.

Nothing here is shipped: the photographs are files of two Debian packages, read where the package
put them. `held` is the vertical strip (as fractions of the width) that training never sees, `rows`
the heights that show what the label says; a `whole` scene is given to training as the untouched
original file and holds nothing back.
"""

from __future__ import annotations

from dataclasses import dataclass

MATE = "mate-backgrounds"
PLASMA = "plasma-workspace-wallpapers"

PACKAGES: dict[str, str] = {
    MATE: "backgrounds/mate/nature/{name}.jpg",
    PLASMA: "wallpapers/{name}/contents/images/2560x1600.jpg",
}
"""Package -> where its photographs lie below ``/usr/share``."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One photograph: a file of a package, what it shows, and its terms."""

    name: str
    package: str
    label: str
    author: str
    held: tuple[float, float] = (0.36, 0.64)
    rows: tuple[float, float] = (0.0, 1.0)
    whole: bool = False
    licence: str = "GPL-2+"

    @property
    def relative_path(self) -> str:
        """The file's path below ``/usr/share``."""
        return PACKAGES[self.package].format(name=self.name)


_KDE = "KDE Visual Design Group"

SCENES: tuple[Scene, ...] = (
    Scene("Blinds", MATE, "leaf", "Lennart Poettering, Andrea Cimitan"),
    Scene("RainDrops", MATE, "leaf", "blackcombwhistler07", whole=True),
    Scene("GreenMeadow", MATE, "grass", "Timothy Schellhase, Lapo Calamandrei"),
    Scene("Dune", MATE, "grass", "Marco Cogoni, Hylke Bons"),
    Scene("FreshFlower", MATE, "flower", "Jens Ansorg", held=(0.4, 0.75)),
    Scene("Garden", MATE, "flower", "Charles Barbin", held=(0.6, 0.9)),
    Scene("YellowFlower", MATE, "flower", "Charles Barbin", held=(0.7, 1.0)),
    Scene("TwoWings", MATE, "flower", "Charles Barbin, Hylke Bons", whole=True),
    Scene("FallenLeaf", PLASMA, "autumn", _KDE, held=(0.45, 0.72)),
    Scene("Path", PLASMA, "forest", _KDE, held=(0.5, 0.78)),
    Scene("OneStandsOut", PLASMA, "forest", _KDE, held=(0.1, 0.38)),
    Scene("Kite", PLASMA, "sky", _KDE, held=(0.0, 0.3)),
    Scene("Storm", MATE, "sky", "Sergey Nazarov", rows=(0.0, 0.6)),
    Scene("summer_1am", PLASMA, "sky", _KDE, whole=True),
    Scene("DarkestHour", PLASMA, "sky", _KDE, whole=True),
    Scene("BytheWater", PLASMA, "planks", _KDE, rows=(0.4, 1.0)),
    Scene("Wood", MATE, "planks", "Jean-François Fortin Tam"),
    Scene("ColdRipple", PLASMA, "planks", _KDE, rows=(0.5, 1.0), whole=True),
    Scene("ColorfulCups", PLASMA, "cups", _KDE),
)
"""Every photograph, in a fixed order; the labels in order of first appearance are the classes."""

CLASSES: tuple[str, ...] = tuple(dict.fromkeys(scene.label for scene in SCENES))
