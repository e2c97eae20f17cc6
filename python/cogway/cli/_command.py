# SPDX-License-Identifier: Apache-2.0
"""The parser of the command and the way to its verbs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cogway.cli import _bench, _bus, _demo, _info, _new

if TYPE_CHECKING:
    from collections.abc import Sequence


def parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command, with the arguments of the chosen verb alone.

    The other verbs are only named, so that `cogway info` need not load what `bench` needs.
    """
    top = argparse.ArgumentParser(
        prog="cogway",
        description="An async-native hybrid runtime for CPython.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    for verb in (_info, _demo, _new, _bench, _bus):
        one = verbs.add_parser(
            verb.NAME,
            help=verb.HELP,
            description=verb.HELP[0].upper() + verb.HELP[1:] + ".",
            allow_abbrev=False,
            add_help=verb is not _demo,
        )
        if chosen == verb.NAME:
            verb.add_arguments(one)
        one.set_defaults(execute=verb.execute)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: what stands after `cogway`; by default, of this process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [_demo.NAME]:  # the demo has a parser of its own, help included
        return _demo.forward(given[1:])
    top = parser(next((word for word in given if not word.startswith("-")), None))
    try:
        found = top.parse_args(given)
    except SystemExit as leaving:  # argparse leaves: 0 after --help, 2 after wrong use
        return leaving.code if isinstance(leaving.code, int) else 2
    if found.version:
        from cogway import __version__

        print(f"cogway {__version__}")
        return 0
    if found.verb is None:
        top.print_help(sys.stderr)
        return 2
    try:
        status: int = found.execute(found)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `cogway info | head`
        sys.stderr.close()
        return 1
    return status
