# SPDX-License-Identifier: Apache-2.0
"""The machine: its distribution packages, cores, caches and what a sanitizer needs of it."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

from dev.console import CommandFailed, Refused, query, run, say

BUILD = ("g++", "cmake", "ninja-build", "ccache", "libjpeg62-turbo-dev", "libhwy-dev")
_FFMPEG = ("avcodec", "avdevice", "avfilter", "avformat", "swresample", "swscale")
PACKAGES: dict[str, tuple[str, ...]] = {
    "build": BUILD,
    "test": (*BUILD, "doctest-dev"),
    "fuzz": (*BUILD, "clang-19", "libclang-rt-19-dev"),
    "python-source": (
        "g++",
        "make",
        "dpkg-dev",
        "libbz2-dev",
        "libffi-dev",
        "liblzma-dev",
        "libsqlite3-dev",
        "libssl-dev",
        "zlib1g-dev",
    ),
    "python-debs": ("patchelf",),
}
"""Distribution packages by what needs them."""
LANGUAGES = ("gcc", "g++", "cmake", "make", "pkg-config", "rustc", "cargo")
"""Compilers of the projects that ``cogway new kernel`` writes; tests skip what is not there."""
PEERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "oneTBB": (("libtbb-dev",),),
    "Boost.Lockfree": (("libboost-dev",),),
    "moodycamel's queues": (("libconcurrentqueue-dev", "libreaderwriterqueue-dev"),),
    # SPDL binds to whichever of these it finds at run time: Debian 12 has the first, 13 the second.
    "FFmpeg's libraries, which SPDL decodes with": tuple(
        tuple(f"lib{part}{number}" for part, number in zip(_FFMPEG, numbers, strict=True))
        for numbers in ((59, 59, 8, 59, 4, 6), (61, 61, 10, 61, 5, 8))
    ),
}
"""What only peers of the benchmarks need: of the sets of packages, the first known one is taken."""


def as_root(command: list[str]) -> list[str]:
    """The command as root: by sudo for anyone else."""
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo") is None:
        raise Refused(f"not root and no sudo: run as root: {' '.join(command)}")
    return ["sudo", *command]


def missing(packages: tuple[str, ...]) -> list[str]:
    """Those of the packages that are not installed."""
    if shutil.which("dpkg-query") is None:
        raise Refused(
            "./dev installs what it needs on Debian only; elsewhere install a C++20 compiler, "
            "CMake 3.25, Ninja, libjpeg-turbo, Highway and doctest, then use pip and cmake directly"
        )
    status = query(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *packages])
    if status is None:  # at least one is unknown: ask one by one
        return [name for name in packages if not _installed(name)]
    present = {line.split()[0] for line in status.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in present]


def _installed(name: str) -> bool:
    return (query(["dpkg-query", "-W", "-f", "${db:Status-Status}", name]) or "") == "installed"


def require(need: str) -> None:
    """Installs the distribution packages that a need names, when they are not there.

    Raises:
        Refused: The machine is no Debian, or there is no way to become root.
        CommandFailed: apt-get failed.
    """
    install(PACKAGES[need])


def install(packages: tuple[str, ...]) -> None:
    """Installs those of the packages that are missing."""
    wanted = missing(packages)
    if not wanted:
        return
    refresh()
    say(f"installing {' '.join(wanted)}")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"]
    run(as_root([*apt, "--no-install-recommends", "install", *wanted]), log="apt")


def install_one_of(sets: tuple[tuple[str, ...], ...]) -> bool:
    """Installs the first set of packages that this Debian has.

    Returns:
        Whether one of them is installed now.
    """
    if any(not missing(packages) for packages in sets):
        return True
    refresh()
    for packages in sets:
        if known(packages):
            try:
                install(packages)
            except CommandFailed:
                continue
            return True
    return False


def known(packages: tuple[str, ...]) -> bool:
    """Whether this machine's own suites have all of the packages; their lists must be there."""
    return query(["apt-get", "install", "--simulate", "-qq", *packages]) is not None


@functools.cache
def refresh() -> None:
    """Fetches the package lists, once a run of ``./dev``."""
    run(as_root(["apt-get", "-q", "update"]), log="apt")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def cache() -> Path:
    """Folder for what is made once a machine: interpreters, not results of this checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cogway"


@functools.cache
def fixed_addresses() -> list[str]:
    """Prefix that turns off address randomisation, where the machine allows it.

    Thread sanitizer's shadow memory collides with the widest randomisation of recent kernels.
    """
    prefix = ["setarch", os.uname().machine, "-R"]
    return prefix if query([*prefix, "true"]) is not None else []


def compiler_cache(root: Path) -> dict[str, str]:
    """Variables that let ccache share objects between checkouts in different folders."""
    return {
        "CCACHE_BASEDIR": str(root),
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_SLOPPINESS": "time_macros",
    }
