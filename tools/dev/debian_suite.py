# SPDX-License-Identifier: Apache-2.0
"""Packages of another Debian suite, fetched and unpacked beside the system, never into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev import machine
from dev.console import CommandFailed, Refused, query, run

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def _mirror() -> str:
    """The address that this machine's own apt takes Debian's main archive from.

    Raises:
        Refused: apt is not there, or it has no such archive.
    """
    for attempt in range(2):
        if attempt:  # who the archive belongs to is known once its lists have been fetched
            run(machine.as_root(["apt-get", "-q", "update"]), log="apt")
        answer = query(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(CODENAME)"])
        for line in (answer or "").splitlines():
            words = line.split()
            if len(words) == 3 and words[1] == "Debian" and "-" not in words[2]:
                return words[0]
    raise Refused("apt has no Debian archive configured on this machine")


class Suite:
    """One suite of the archive, with package lists of its own in a scratch folder.

    The list of installed packages is empty, so what is resolved is complete: the suite's own C
    library comes along, and nothing of the system is looked at or changed.
    """

    def __init__(self, name: str, folder: Path, *, sources: bool = False) -> None:
        """Fetches the package lists of the suite.

        Args:
            name: Code name, like sid.
            folder: Scratch folder; it is made anew.
            sources: Whether source packages are wanted instead of binary ones.
        """
        shutil.rmtree(folder, ignore_errors=True)
        for part in ("lists/partial", "cache/archives/partial", "etc"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        kind = "deb-src" if sources else "deb"
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.is_file() else ""
        (folder / "etc" / "sources.list").write_text(f"{kind} {signed}{_mirror()} {name} main\n")
        self._folder = folder
        self._log = f"suite-{name}"
        self._apt("update")

    def _apt(self, *words: str) -> None:
        folder = self._folder
        settings = {
            "Dir::State": folder,
            "Dir::State::status": folder / "status",
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": folder / "etc" / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Debug::NoLocking": "true",
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        run(["apt-get", "-q", "-y", *options, *words], log=self._log, cwd=folder, timeout=300)

    def unpack(self, packages: list[str], root: Path) -> None:
        """Unpacks packages with all that they depend on; no maintainer script runs."""
        self._apt("install", "--download-only", *packages)
        root.mkdir(parents=True, exist_ok=True)
        for archive in sorted((self._folder / "cache" / "archives").glob("*.deb")):
            run(["dpkg-deb", "--extract", archive, root], log=self._log)

    def source(self, package: str) -> Path:
        """The upstream archive of a source package, as the suite has it.

        Raises:
            CommandFailed: The suite has no such source package, or serves it without its files.
        """
        self._apt("source", "--download-only", package)
        archives = list(self._folder.glob(f"{package}_*.orig.tar.*[0-9a-z]"))
        found = [path for path in archives if not path.name.endswith(".asc")]
        if not found:
            raise CommandFailed(f"the suite's source of {package} came without an upstream archive")
        return found[0]
