# SPDX-License-Identifier: Apache-2.0
"""Taskflow's headers, a peer of ``cogway bench tasks``: no registry has them as a package.

The source archive of a PyPI package carries a released copy of them under its licence, MIT. They
are unpacked once a machine, into the cache; nothing else of it is built, installed or kept.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dev import machine
from dev.console import CommandFailed, say

if TYPE_CHECKING:
    from dev.environment import Environment

VERSION = "3.7.0"
CARRIER = "mqt.ddsim==1.20.0"
"""The last release that carries them."""
_SHA256 = "36454e4a4be7ff02f2458efd6bf527c1b74f71c4fad75e7a4a84f34fae43be51"


def headers(env: Environment) -> Path | None:
    """The folder to include from, filled on first use.

    Args:
        env: The environment whose pip fetches the archive.

    Returns:
        The folder that holds ``taskflow/taskflow.hpp``, or None when pip could not get the archive.
    """
    place = machine.cache() / f"taskflow-{VERSION}"
    if place.is_dir():
        return place
    say(f"fetching Taskflow {VERSION}, as {CARRIER} carries it")
    with tempfile.TemporaryDirectory(prefix="cogway-taskflow-") as name:
        scratch = Path(name)
        wanted = scratch / "requirements.txt"
        wanted.write_text(f"{CARRIER} --hash=sha256:{_SHA256}\n")
        source = ("--no-deps", "--no-binary", CARRIER.partition("==")[0])
        try:
            env.pip("download", *source, "-r", str(wanted), "-d", str(scratch))
        except CommandFailed:
            return None
        (archive,) = scratch.glob("*.tar.gz")
        unpack(archive, place)
    return place


def unpack(archive: Path, place: Path) -> None:
    """Unpacks the headers and their licence from the source archive into a folder made whole.

    Of several that do so at once (clones share the cache) the first to finish provides it.
    """
    half = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        _unpack_into(half, archive)
        half.chmod(0o755)  # mkdtemp's is for the owner alone
        half.rename(place)
    except OSError:
        if not place.is_dir():
            raise
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _unpack_into(folder: Path, archive: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files:
            _, _, inner = member.name.partition("/extern/taskflow/")
            content = files.extractfile(member) if member.isfile() else None
            if content is None or not (inner == "LICENSE" or inner.startswith("taskflow/")):
                continue
            target = folder / inner
            if ".." in Path(inner).parts:
                raise CommandFailed(f"{archive.name} holds {member.name}, outside of its folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())  # by hand: Debian's Python has no extract(filter=)
