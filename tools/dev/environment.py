# SPDX-License-Identifier: Apache-2.0
"""Virtual environments of the checkout, one an interpreter, with cogway as users get it."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dev import ROOT, interpreters, machine, stamp
from dev.console import CommandFailed, query, run, say

if TYPE_CHECKING:
    from collections.abc import Mapping

PIP = "26.3"
TORCH = "torch==2.13.0+cpu"
"""The local label exists on processor-only wheels alone: nothing larger is ever fetched."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the interpreter it stands on."""

    folder: Path
    interpreter: interpreters.Interpreter

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def log(self) -> str:
        """Name of the log of its installations."""
        return f"environment-{self.interpreter.tag}"

    def program(self, name: str) -> Path:
        """A program that was installed into it."""
        return self.folder / "bin" / name

    def pip(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Runs pip in it, quietly; `env` holds variables that go before its own."""
        return run(
            [self.python, "-m", "pip", "--disable-pip-version-check", "-q", *words],
            log=self.log,
            env={"PIP_REQUIRE_VIRTUALENV": "1", **machine.compiler_cache(ROOT), **(env or {})},
        )

    def _stamp(self, name: str) -> Path:
        return self.folder / ".cogway" / name

    def add(self, group: str) -> None:
        """Installs a dependency group of ``pyproject.toml``, unless it is there.

        Raises:
            CommandFailed: pip could not install one of the group's packages.
        """
        wanted = stamp.digest(["pyproject.toml"], group)
        if stamp.fresh(self._stamp(group), wanted):
            return
        say(f"{self.folder.name}: installing the {group} group")
        self.pip("install", "--only-binary=:all:", "--group", f"{ROOT / 'pyproject.toml'}:{group}")
        stamp.write(self._stamp(group), wanted)

    def add_optional(self, *requirements: str) -> list[str]:
        """Installs each requirement that has a wheel for this interpreter.

        Returns:
            Those that have none; they are asked for again once the list of requirements changes.
        """
        name = f"optional-{hashlib.sha256(' '.join(requirements).encode()).hexdigest()[:12]}"
        mark = self._stamp(name)
        if mark.is_file():
            return mark.read_text().splitlines()
        absent = [] if self._wheels(*requirements) else list(requirements)
        if len(requirements) > 1:
            absent = [name for name in absent if not self._wheels(name)]
        stamp.write(mark, "\n".join(absent))
        return absent

    def _wheels(self, *requirements: str) -> bool:
        """Whether wheels of all of them could be installed."""
        try:
            self.pip("install", "--only-binary=:all:", *requirements)
        except CommandFailed:
            return False
        return True

    def install(self) -> bool:
        """Builds the wheel of the checkout and installs it, unless the installed one is the same.

        Returns:
            Whether anything was done.
        """
        wanted = stamp.digest(stamp.PACKAGE_INPUTS, self.interpreter.version)
        if stamp.fresh(self._stamp("package"), wanted):
            return False
        machine.require("build")
        self.add("build")
        say(f"{self.folder.name}: building and installing cogway for {self.interpreter.version}")
        wheels = ROOT / "build" / "wheels" / self.interpreter.tag
        shutil.rmtree(wheels, ignore_errors=True)
        self.pip("wheel", str(ROOT), "--no-build-isolation", "--no-deps", "-w", str(wheels))
        (wheel,) = wheels.glob("cogway-*.whl")
        self.pip("install", "--no-deps", "--force-reinstall", str(wheel))
        stamp.write(self._stamp("package"), wanted)
        return True


def group(name: str) -> list[str]:
    """The requirements of a dependency group and of those it includes, to be asked for singly."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    found: list[str] = []
    for entry in groups[name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return found


def environment(interpreter: interpreters.Interpreter) -> Environment:
    """The environment of an interpreter, made when it is not there or stands on another one."""
    is_default = interpreter.path == interpreters.chosen().path
    folder = ROOT / (".venv" if is_default else f".venv-{interpreter.tag}")
    made = Environment(folder, interpreter)
    mark = made._stamp("interpreter")
    wanted = f"{interpreter.path} {interpreter.version} pip {PIP}"
    if stamp.fresh(mark, wanted):
        return made
    say(f"{folder.name}: making an environment on {interpreter.path} ({interpreter.version})")
    if interpreter.path.parent == Path("/usr/bin"):
        machine.install((f"python3.{interpreter.minor}-venv",))
    make = [str(interpreter.path), "-m", "venv", "--clear", str(folder)]
    if query([interpreter.path, "-c", "import ensurepip"]) is not None:
        run(make, log=made.log)
        made.pip("install", f"pip=={PIP}")
    else:
        run([*make, "--without-pip"], log=made.log)
        pip = [str(default().python), "-m", "pip", "--python", str(made.python), "-q"]
        run([*pip, "install", f"pip=={PIP}"], log=made.log)
    stamp.write(mark, wanted)
    return made


def default() -> Environment:
    """The environment that ``./dev`` itself works in: ``.venv`` on the chosen interpreter."""
    return environment(interpreters.chosen())


def with_torch() -> Environment | None:
    """The environment on the newest interpreter for which a processor-only torch can be had."""
    for interpreter in sorted(
        interpreters.installed(), key=lambda found: found.order, reverse=True
    ):
        if interpreter.free_threaded or not _torch_resolves(interpreter):
            continue
        made = environment(interpreter)
        if not made.add_optional(TORCH):
            return made
    return None


def _torch_resolves(interpreter: interpreters.Interpreter) -> bool:
    """Whether pip would install the processor-only torch, remembered for this checkout."""
    mark = ROOT / "build" / "torch" / f"{interpreter.tag}-{TORCH}"
    if mark.is_file():
        return mark.read_text() == "yes"
    pip = default().python
    try:
        run(
            [
                *(pip, "-m", "pip", "--python", interpreter.path, "install", "--dry-run", "-q"),
                *("--no-deps", "--ignore-installed", "--only-binary=:all:", TORCH),
            ],
            log="torch",
        )
        answer = "yes"
    except CommandFailed:
        answer = "no"
    stamp.write(mark, answer)
    return answer == "yes"
