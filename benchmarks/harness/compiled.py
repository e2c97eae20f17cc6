# SPDX-License-Identifier: Apache-2.0
"""Compiles what contestants bring as source, for this machine, as their author would."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contestant import Absent

if TYPE_CHECKING:
    from types import ModuleType

_CHECKOUT = Path(__file__).resolve().parents[2]
_FOR_THIS_MACHINE = ("-O3", "-march=native", "-shared", "-fPIC")


def c(source: Path, *flags: str) -> Path:
    """Return a shared object made of C, with more flags for the compiler."""
    command = [_tool("cc", "gcc", "clang"), *_FOR_THIS_MACHINE, *_headers(), *flags, str(source)]
    return _made(source, ".so", [*command, "-o", "OUT"])


def cpp(source: Path) -> Path:
    """Return a shared object made of C++."""
    command = [_tool("c++", "g++", "clang++"), "-std=c++20", *_FOR_THIS_MACHINE, *_headers()]
    return _made(source, ".so", [*command, str(source), "-o", "OUT"])


def rust(source: Path) -> Path:
    """Return a shared object made of Rust."""
    flags = ["--edition=2021", "--crate-type=cdylib", "-Copt-level=3", "-Ctarget-cpu=native"]
    return _made(source, ".so", [_tool("rustc"), *flags, str(source), "-o", "OUT"])


def cython(source: Path, *, checked: bool) -> ModuleType:
    """Import an extension module made of Cython, with or without checks of every index.

    Raises:
        ImportError: Cython is not installed.
    """
    if importlib.util.find_spec("Cython") is None:
        raise ImportError("Cython is not installed")
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    directives = f"boundscheck={checked},wraparound=False,language_level=3"
    cythonize = [sys.executable, "-m", "cython", "-X", directives, str(source), "-o", "OUT.c"]
    compiler = [_tool("cc", "gcc"), *_FOR_THIS_MACHINE, "-fopenmp", *_headers(), "OUT.c"]
    path = _made(source, suffix, cythonize, [*compiler, "-o", "OUT"])
    spec = importlib.util.spec_from_file_location(source.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tool(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise Absent(f"{names[0]} is not installed")


def _headers() -> list[str]:
    folders = (_CHECKOUT / "include", sysconfig.get_path("include"))
    return [f"-I{folder}" for folder in folders]


def _made(source: Path, suffix: str, *commands: list[str]) -> Path:
    """Run the commands, in which OUT stands for the file, unless their result is there already."""
    text = source.read_text() + repr(commands) + sys.version
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = _CHECKOUT / "build" / "bench-compiled" / name / f"{source.stem}{suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for command in commands:
            words = [word.replace("OUT", str(path)) for word in command]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return path
