# SPDX-License-Identifier: Apache-2.0
"""`cogway new kernel NAME`: a small project that builds, tests itself and loads."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cogway.cli import _projects

if TYPE_CHECKING:
    import argparse

NAME = "new"
HELP = "write a small project: a kernel in a language of your choice"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("kind", choices=["kernel"], help="what to write")
    parser.add_argument("name", help="of the pack; also of its folder")
    parser.add_argument(
        "--lang", required=True, choices=sorted(_projects.LANGUAGES), help="the language"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="PATH", help="where to write it (default: ./NAME)"
    )
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def execute(found: argparse.Namespace) -> int:
    """Write the project and say how to go on."""
    language = _projects.LANGUAGES[found.lang]
    try:
        _projects.check_name(found.name)
        folder: Path = found.folder if found.folder is not None else Path(found.name)
        files = _projects.write(found.name, language, folder)
    except _projects.ProjectError as error:
        print(f"cogway new: {error}", file=sys.stderr)
        return 1
    missing = _projects.missing_tools(language)
    if found.json:
        print(
            json.dumps(
                {
                    "folder": str(folder),
                    "files": files,
                    "missing": [tool for tool, _ in missing],
                },
                indent=1,
            )
        )
        return 0
    print(f"wrote {folder}: {', '.join(files)}")
    for tool, packages in missing:
        print(f"{tool} is not installed, and `run` needs it (Debian: apt install {packages})")
    print(f"next: {folder}/run")
    return 0
