# SPDX-License-Identifier: Apache-2.0
"""The wheel as a stranger meets it: from the source archive, alone, and used from C++."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from dev import ROOT, environment, machine
from dev.console import CommandFailed, run, say
from dev.environment import Environment
from dev.tally import Tally

_PROGRAMS = {
    ROOT / "tests" / "consumer": ("consumer",),
    ROOT / "examples" / "cpp": ("word_lengths", "lock_free_stack"),
}
"""C++ programs of others, by where they are, and what of them is run."""
_EXPECTED = (
    "cogway/__init__.py",
    "cogway/_core.pyi",
    "cogway/py.typed",
    "cogway/packs/libcogway_image.so",
    "cogway/include/cogway/kernel_abi.h",
    "cogway/include/cogway/cogway.hpp",
    "cogway/include/cogway/kernel.hpp",
    "cogway/pkgconfig/cogway-kernel.pc",
    "cogway/cmake/cogway-pack.cmake",
    "cogway/cmake/cogway-config.cmake",
    "cogway/lib/libcogway_engine.a",
)
_UNWANTED = ("tests/", "benchmarks/", "__pycache__", ".cpp", "build/")


def build(target: Path) -> tuple[Path, Path]:
    """Builds the source archive and, from nothing but it, the wheel.

    Returns:
        The archive and the wheel.
    """
    machine.require("build")
    env = environment.default()
    env.add("build")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    code = f"from scikit_build_core.build import build_sdist; build_sdist({str(target)!r})"
    run([env.python, "-c", code], log="wheel")
    (archive,) = target.glob("cogway-*.tar.gz")
    # Unpacked here, not by pip, for the compiler's cache: it forgives the name of one folder.
    with tempfile.TemporaryDirectory(dir=target) as folder:
        shutil.unpack_archive(archive, folder)
        (source,) = Path(folder).iterdir()
        options = ("--no-build-isolation", "--no-deps", "-w", str(target))
        env.pip("wheel", str(source), *options, env=machine.compiler_cache(source))
    (wheel,) = target.glob("cogway-*.whl")
    return archive, wheel


def _contents(wheel: Path) -> str | None:
    names = zipfile.ZipFile(wheel).namelist()
    lacking = [name for name in _EXPECTED if name not in names]
    if not any(name.startswith("cogway/_core.") and name.endswith(".so") for name in names):
        lacking.append("cogway/_core.*.so")
    extra = [name for name in names if any(part in name for part in _UNWANTED)]
    if lacking or extra:
        return f"the wheel lacks {lacking} and should not hold {extra[:5]}"
    return None


def step() -> Tally:
    """Builds, looks inside, installs alone, imports, and compiles a C++ program against it."""
    tally = Tally()
    scratch = ROOT / "build" / "wheel-check"
    _, wheel = build(scratch / "dist")
    tally.record("contents", _contents(wheel))
    folder = scratch / "venv"
    interpreter = environment.default().interpreter
    run([interpreter.path, "-m", "venv", "--clear", folder], log="wheel")
    alone = Environment(folder, interpreter)
    alone.pip("install", "--no-index", str(wheel))
    tally.record("installs with no dependency", None)

    def attempt(name: str, *command: str | Path, cwd: Path = scratch) -> None:
        problem = None
        try:
            run(command, log="wheel", cwd=cwd, timeout=300)
        except CommandFailed as error:
            problem = str(error)
        tally.record(name, problem)

    quiet = "import sys, cogway; sys.exit(bool({'asyncio', 'numpy'} & set(sys.modules)))"
    attempt("imports neither asyncio nor numpy", alone.python, "-c", quiet)
    attempt("cogway info", alone.program("cogway"), "info", "--json")
    attempt("python -m cogway", alone.python, "-m", "cogway", "info")
    config = next(folder.glob("lib/python*/site-packages/cogway/cmake"))
    for source, programs in _PROGRAMS.items():
        tree = scratch / programs[0]
        shutil.rmtree(tree, ignore_errors=True)
        attempt(
            f"{programs[0]} finds cogway",
            "cmake",
            "-S",
            source,
            "-B",
            tree,
            f"-Dcogway_DIR={config}",
        )
        attempt(f"{programs[0]} builds", "cmake", "--build", tree)
        for program in programs:
            attempt(f"{program} runs", tree / program)
    return tally


def main() -> None:
    """The verb ``./dev wheel``: leaves both files in dist/."""
    for path in build(ROOT / "dist"):
        say(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.2f} MB")
