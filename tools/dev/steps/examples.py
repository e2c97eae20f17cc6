# SPDX-License-Identifier: Apache-2.0
"""Every example is run as a user would run it."""

from __future__ import annotations

from dev import ROOT, environment, photographs
from dev.console import CommandFailed, run
from dev.tally import Tally


def step() -> Tally:
    """Runs examples/*.py one after another; each must end well within its time."""
    env = environment.default()
    env.add("demo")
    env.install()
    photographs.install()
    tally = Tally()
    for path in sorted((ROOT / "examples").glob("[0-9]*.py")):
        problem = None
        try:
            run([env.python, "-W", "error", path], log="examples", timeout=120)
        except CommandFailed as error:
            problem = str(error)
        tally.record(path.name, problem)
    return tally
