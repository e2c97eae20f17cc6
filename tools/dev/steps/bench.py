# SPDX-License-Identifier: Apache-2.0
"""The benchmarks: built with their floors and peers, and in the tests tried once, untimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev import ROOT, environment, interpreters, machine, taskflow
from dev.console import CommandFailed, run, say
from dev.steps import cpp
from dev.tally import Tally

if TYPE_CHECKING:
    from dev.environment import Environment

_WITHOUT_GIL = ("cereggii", "ft_utils")
"""Their newest versions have no wheel for it."""


def build() -> Environment:
    """Builds floors and peers, and says which peers are absent.

    Returns:
        The environment whose ``cogway bench`` finds them.
    """
    machine.require("build")
    for peer, packages in machine.PEERS.items():
        if not machine.install_one_of(packages):
            say(f"absent: this Debian has no package of {peer}")
    env = environment.default()
    env.add("bench")
    env.install()
    for name in env.add_optional(*environment.group("peers"), environment.TORCH):
        say(f"absent: {name} has no wheel for Python {env.interpreter.version}")
    _install_free_threaded()
    settings = [f"-DPython_EXECUTABLE={env.python}"]
    headers = taskflow.headers(env)
    if headers is None:
        say(f"absent: Taskflow, whose headers come with {taskflow.CARRIER}, which pip did not get")
    settings.append(f"-DCOGWAY_TASKFLOW_INCLUDE={headers or ''}")
    cpp.configure("bench", *settings)
    return env


def _install_free_threaded() -> None:
    """Gives the free-threaded build, where there is one, cogway and the peers that it has."""
    interpreter = interpreters.find("3.13t")
    if interpreter is None:
        say("absent: Python 3.13t, which `./dev test python-3.13t` makes where it can")
        return
    env = environment.environment(interpreter)
    env.install()
    for name in env.add_optional(*_WITHOUT_GIL):
        say(f"absent: {name} has no wheel for Python {interpreter.tag}")


def step() -> Tally:
    """Builds all of them and has each question measured with few repetitions, on any machine.

    What they measure here is worth nothing; that each contestant runs and is understood is.
    """
    env = build()
    tally = Tally()
    for path in sorted((ROOT / "benchmarks").glob("*/question.py")):
        name = path.parent.name
        if (path.parent / "__init__.py").exists():
            continue  # the harness
        problem = None
        words = ["bench", name, "--quick", "--force", "--rounds", "1"]
        try:
            run([env.program("cogway"), *words], log="bench", timeout=300)
        except CommandFailed as error:
            problem = str(error)
        tally.record(name, problem)
    return tally
