# SPDX-License-Identifier: Apache-2.0
"""The documentation: built with warnings as errors, its examples run."""

from __future__ import annotations

from dev import ROOT, environment
from dev.console import CommandFailed, run
from dev.tally import Tally


def build(builder: str) -> None:
    """Runs one Sphinx builder over docs/.

    Raises:
        CommandFailed: A warning, a broken reference, or an example that printed something else.
    """
    env = environment.default()
    env.add("docs")
    env.add("demo")
    env.install()
    target = ROOT / "build" / "docs" / builder
    trees = ROOT / "build" / "docs" / "trees"
    run(
        [
            *(env.python, "-m", "sphinx", "-W", "--keep-going", "-q"),
            *("-b", builder, "-d", trees, ROOT / "docs", target),
        ],
        log="docs",
    )


def step() -> Tally:
    """Builds the pages and runs the examples in them."""
    tally = Tally()
    for builder in ("html", "doctest"):
        problem = None
        try:
            build(builder)
        except CommandFailed as error:
            problem = str(error)
        tally.record(builder, problem)
    return tally
