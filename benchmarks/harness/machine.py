# SPDX-License-Identifier: Apache-2.0
"""The machine a result was taken on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Machine:
    """What a reader must know of the machine to place a figure."""

    cpu: str
    cores: int
    architecture: str
    memory_gib: float
    kernel: str
    compiler: str
    python: str
    gil: bool
    cogway: str

    @property
    def slug(self) -> str:
        """Return the name of the folder that this machine's results lie in."""
        text = f"{self.cpu} {self.cores} cores {self.architecture}".lower()
        return re.sub(r"[^a-z0-9]+", "-", text).strip("-")

    def line(self) -> str:
        """Return the machine in one line."""
        gil = "" if self.gil else " without the GIL"
        return (
            f"{self.cpu}, {self.cores} cores ({self.architecture}), {self.memory_gib:.0f} GiB, "
            f"Linux {self.kernel}, {self.compiler}, CPython {self.python}{gil}, "
            f"cogway {self.cogway}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the machine as the stored result holds it."""
        return asdict(self)


def cpu_model(cpuinfo: str) -> str:
    """Return the processor's name from the text of /proc/cpuinfo."""
    for key in ("model name", "Hardware", "CPU part"):
        match = re.search(rf"^{key}\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
        if match:
            return re.sub(r"\((R|TM)\)|CPU|Processor|@.*$", "", match[1]).split("  ")[0].strip()
    return platform.machine()


def memory_gib(meminfo: str) -> float:
    """Return the machine's memory from the text of /proc/meminfo."""
    match = re.search(r"^MemTotal:\s*(\d+) kB$", meminfo, re.MULTILINE)
    return int(match[1]) / (1 << 20) if match else 0.0


def compiler() -> str:
    """Return the compiler that the programs here are built with."""
    found = shutil.which(os.environ.get("CXX", "c++"))
    if found is None:
        return "no C++ compiler"
    text = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    first = text.partition("\n")[0]
    version = re.search(r"\d+\.\d+\.\d+", first)
    name = "clang" if "clang" in first else "g++"
    return f"{name} {version[0]}" if version else first or "unknown compiler"


def describe(cores: int, python: str, gil: bool, cogway: str | None) -> Machine:
    """Describe this machine as a run with that interpreter saw it."""
    kernel = re.match(r"\d+(\.\d+)*", platform.release())
    return Machine(
        cpu=cpu_model(Path("/proc/cpuinfo").read_text()),
        cores=cores,
        architecture=platform.machine(),
        memory_gib=round(memory_gib(Path("/proc/meminfo").read_text()), 1),
        kernel=kernel[0] if kernel else platform.release(),
        compiler=compiler(),
        python=python,
        gil=gil,
        cogway=cogway or "not installed",
    )
