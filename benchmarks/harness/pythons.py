# SPDX-License-Identifier: Apache-2.0
"""Other interpreters, for contestants that are a build of Python rather than a library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from harness.contestant import Absent

_CHECKOUT = Path(__file__).resolve().parents[2]


def find(tag: str) -> Path:
    """Return the interpreter of a tag such as `3.13t`.

    `COGWAY_BENCH_PYTHON_3_13T` names it; else it is that of the environment or the cache of
    `./dev test`, pyenv's, or one on the path.

    Raises:
        Absent: there is none.
    """
    chosen = os.environ.get("COGWAY_BENCH_PYTHON_" + tag.replace(".", "_").upper())
    program = f"python{tag}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [
        *([Path(chosen)] if chosen else []),
        _CHECKOUT / f".venv-{tag}" / "bin" / "python",
        cache / "cogway" / "pythons" / tag / "usr" / "bin" / program,
        *sorted(pyenv.glob(f"versions/{tag.rstrip('t')}*/bin/{program}"), reverse=True),
        *([Path(path)] if (path := shutil.which(program)) else []),
    ]
    for path in found:
        if path.is_file():
            return path
    raise Absent(f"there is no Python {tag}: `./dev test python-{tag}` makes one where it can")


def ask(python: Path, script: Path, *arguments: object) -> Any:
    """Run a script there that imports nothing of its folder, without the GIL if it can.

    Returns:
        What it printed, read as JSON.
    """
    environment = {**os.environ, "PYTHON_GIL": "0", "PYTHONPATH": ""}
    command = [str(python), "-B", "-P", str(script), *map(str, arguments)]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(ended.stdout)
