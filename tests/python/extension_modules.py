# SPDX-License-Identifier: Apache-2.0
"""Extension modules that tests compile as a user would: Cython, a C compiler, and what we ship."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import cogway
import pytest
from kernel_packs import include_folder

if TYPE_CHECKING:
    from types import ModuleType


def _do(folder: Path, *command: str) -> None:
    # What is imported here is imported there, though PYTHONPATH may be relative to this folder.
    environment = {**os.environ, "PYTHONPATH": str(Path(cogway.__file__).absolute().parents[1])}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def from_c(name: str, folder: Path, *flags: str) -> ModuleType:
    """Compile and import <folder>/<name>.c; skips where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    include = [f"-I{include_folder()}", f"-I{sysconfig.get_path('include')}"]
    options = ["-O2", "-shared", "-fPIC", *include, *flags]
    _do(folder, compiler, *options, f"{name}.c", "-o", f"{name}.so")
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.so")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def from_cython(name: str, source: str, folder: Path, *flags: str) -> ModuleType:
    """Compile and import a Cython module; skips where Cython has no wheel.

    Cython is told of no folder: it finds our declarations where Python finds the package.
    """
    pytest.importorskip("Cython", reason="Cython has no wheel for this interpreter")
    (folder / f"{name}.pyx").write_text(source)
    _do(folder, sys.executable, "-m", "cython", "-3", "-Werror", f"{name}.pyx")
    return from_c(name, folder, *flags)
