# SPDX-License-Identifier: Apache-2.0
"""Interpreters that a machine lacks: installed from its own Debian, else had from another suite.

Those of other suites are kept in the user's cache. They are subjects of the tests only; ``./dev``
never works on one by default.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dev import interpreters, machine
from dev.console import CommandFailed, run, say
from dev.debian_suite import Suite

if TYPE_CHECKING:
    from collections.abc import Callable


def _from_debs(tag: str, suite: str, folder: Path, scratch: Path) -> None:
    """Unpacks a binary of a later suite and binds it to that suite's own C library.

    The program is told its loader and its libraries by path, so it runs beside an older system
    without a chroot, and libraries of that older system still load into it.
    """
    machine.require("python-debs")
    Suite(suite, scratch / "apt").unpack([f"python{tag}", f"libpython{tag}-dev"], folder)
    program = folder / "usr" / "bin" / f"python{tag}"
    (loader,) = (folder / "usr" / "lib").glob("*/ld-linux-*.so.*")
    final = _place(tag) / loader.parent.relative_to(folder)
    binding = ["--set-interpreter", str(final / loader.name), "--force-rpath", "--set-rpath"]
    run(["patchelf", *binding, final, program], log=f"python-{tag}")
    # Debian's pyconfig.h includes the true one by its place in /usr/include, where it is not.
    include = folder / "usr" / "include"
    (config,) = include.glob(f"*-linux-gnu/python{tag}/pyconfig.h")
    shutil.copyfile(config, include / f"python{tag}" / "pyconfig.h")


def _free_threaded(tag: str, suite: str, folder: Path, scratch: Path) -> None:
    """Builds the free-threaded flavour from source: no suite has it as a binary."""
    machine.require("python-source")
    archive = Suite(suite, scratch / "apt", sources=True).source(f"python{tag.rstrip('t')}")
    tree = scratch / "tree"
    tree.mkdir()
    log = f"python-{tag}"
    run(["tar", "-xf", archive, "-C", tree, "--strip-components=1"], log=log)
    prefix = _place(tag) / "usr"
    options = ["--disable-gil", "--disable-test-modules", "--without-ensurepip"]
    run(["./configure", "-q", f"--prefix={prefix}", *options], log=log, cwd=tree)
    run(["make", "-s", f"-j{machine.cores()}"], log=log, cwd=tree)
    stage = scratch / "stage"
    run(["make", "-s", "install", f"DESTDIR={stage}"], log=log, cwd=tree)
    folder.mkdir(parents=True)
    shutil.move(stage / prefix.relative_to("/"), folder / "usr")


_RECIPES: dict[str, tuple[Callable[[str, str, Path, Path], None], str]] = {
    "3.11": (_from_debs, "bookworm"),
    "3.13": (_from_debs, "trixie"),
    "3.13t": (_free_threaded, "trixie"),
    "3.14": (_from_debs, "sid"),
}
_NO_RECIPE = (
    "neither the machine nor its Debian has it, no other Debian suite does, and no package "
    "registry carries an interpreter; put a python{tag} with its headers on PATH or below "
    "~/.pyenv/versions (`pyenv install {tag}`)"
)


class Unobtainable(Exception):
    """No way is known to have this interpreter; the message says what a person can do."""


def _place(tag: str) -> Path:
    return machine.cache() / "pythons" / tag


def _own(tag: str) -> interpreters.Interpreter | None:
    """Installs the interpreter from this machine's own Debian, where that has it."""
    packages = tuple(f"python{tag}{part}" for part in ("", "-dev", "-venv"))
    if not machine.install_one_of((packages,)):
        return None
    interpreters.installed.cache_clear()
    return interpreters.find(tag)


def make(tag: str) -> interpreters.Interpreter:
    """Has an interpreter made.

    Returns:
        It.

    Raises:
        Unobtainable: No way is known to have this one.
        CommandFailed: A step of the recipe failed.
        Refused: The machine's apt has no Debian archive.
    """
    own = _own(tag)
    if own is not None:
        return own
    if tag not in _RECIPES:
        raise Unobtainable(_NO_RECIPE.format(tag=tag))
    recipe, suite = _RECIPES[tag]
    say(f"python {tag}: not on this machine, having it made from Debian {suite}")
    place = _place(tag)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"cogway-python-{tag}-") as scratch:
        half = place.with_name(f".{tag}-{os.getpid()}")
        try:
            recipe(tag, suite, half, Path(scratch))
            shutil.rmtree(place, ignore_errors=True)
            half.rename(place)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    interpreters.installed.cache_clear()
    found = interpreters.find(tag)
    if found is None:
        raise CommandFailed(f"what was made in {place} is no Python {tag} that runs here")
    return found
