# SPDX-License-Identifier: Apache-2.0
"""`cogway demo`: photographs in, training batches out; see `cogway.demo`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "demo"
HELP = "train a small classifier on photographs and show what each part does"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the demo parses its own arguments."""
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def execute(found: argparse.Namespace) -> int:
    """Run the demo with the rest of the arguments."""
    return forward(found.arguments)


def forward(arguments: Sequence[str]) -> int:
    """Hand the arguments to the demo and return its exit status."""
    from cogway.demo import main

    return main(list(arguments))
