# SPDX-License-Identifier: Apache-2.0
"""The code of docs/guides/bring-your-own-kernel.md runs, and prints what the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import extension_modules
import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "bring-your-own-kernel.md"

pytestmark = pytest.mark.slow


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def promised(block: str) -> list[str]:
    return re.findall(r"^ *print\(.*\)  # (.*)$", block, re.MULTILINE)


@pytest.fixture
def here(tmp_path):
    """A folder with the library of the guide in it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (source,) = blocks("c")
    (tmp_path / "work.c").write_text(source)
    build = [compiler, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "work.c", "-o", "libwork.so"]
    subprocess.run(build, cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize("partner", ["ctypes", "cffi", "numba", "means"])
def test_the_lines_of_the_guide_run(partner, here, script):
    """Those that need no partner, and those of one."""
    if partner == "means":
        (source,) = blocks("cython")
        extension_modules.from_cython("means", source, here)
    else:
        pytest.importorskip(partner, reason=f"{partner} has no wheel for this interpreter")
    taken = []
    for block in blocks("python"):
        needs = set(re.findall(r"^import (cffi|numba|means)", block, re.MULTILINE))
        if "compiled.total" in block:
            needs = {"means"}
        if needs <= {partner}:
            taken.append(block)
    assert len(taken) == {"ctypes": 5, "cffi": 6, "numba": 6, "means": 7}[partner]
    start = f"import os, sys\nos.chdir({str(here)!r})\nsys.path.insert(0, '.')\n"
    printed = script(start + "".join(taken)).stdout.splitlines()
    assert printed == [line for block in taken for line in promised(block)]


def test_every_print_of_the_guide_is_answered():
    for block in blocks("python"):
        assert block.count("print(") == len(promised(block))
