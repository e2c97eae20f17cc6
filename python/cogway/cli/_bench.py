# SPDX-License-Identifier: Apache-2.0
"""`cogway bench`: finds the benchmarks of a checkout and hands over to their harness."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "bench"
HELP = "measure a question of benchmarks/ side by side with its floor and peers"

_ABSENT = """\
cogway bench: the benchmarks are not installed with the package. They need a checkout of cogway:
run the command inside one, or set COGWAY_BENCHMARKS to its folder `benchmarks`."""


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get("COGWAY_BENCHMARKS")
    if chosen:
        yield Path(chosen)
        return
    here = Path.cwd()
    for folder in (here, *here.parents):
        yield folder / "benchmarks"
    # A package that is used in place: <checkout>/python/cogway/cli/_bench.py.
    yield Path(__file__).resolve().parents[3] / "benchmarks"


def find_benchmarks() -> Path | None:
    """Return the benchmarks folder of the checkout, or None where there is none."""
    return next(
        (path.resolve() for path in _candidates() if (path / "harness" / "command.py").is_file()),
        None,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: those of the harness, where there is one."""
    root = find_benchmarks()
    if root is None:
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        # An option in the first place would not be taken for a part of the rest.
        parser.add_argument("--list", action="store_true", help=argparse.SUPPRESS)
        parser.add_argument("--all", action="store_true", help=argparse.SUPPRESS)
        parser.epilog = _ABSENT
        return
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    importlib.import_module("harness.command").add_arguments(parser)


def execute(found: argparse.Namespace) -> int:
    """Run the harness, or say where it is to be had."""
    root = find_benchmarks()
    if root is None or not hasattr(found, "questions"):
        print(_ABSENT, file=sys.stderr)
        return 1
    status: int = importlib.import_module("harness.command").execute(found, root)
    return status
