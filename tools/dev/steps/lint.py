# SPDX-License-Identifier: Apache-2.0
"""Every lint rule, then the tests that prove that each rule catches a breach."""

from __future__ import annotations

import importlib
import sys

from dev import ROOT, environment, machine
from dev.console import CommandFailed, run
from dev.tally import Tally, from_junit


def only(rules: list[str]) -> Tally:
    """Runs these rules of tools/lint over the checkout."""
    env = environment.default()
    for group in ("lint", "test", "demo"):
        env.add(group)
    env.install()
    machine.require("test")
    # Configured only: its compile commands cover the module too, which the test trees leave out.
    settings = ["-B", "build/lint", "-DCOGWAY_PYTHON=ON", f"-DPython_EXECUTABLE={env.python}"]
    run(["cmake", "--preset", "dev", *settings], log="lint")
    tally = Tally()
    for rule in rules:
        problem = None
        try:
            said = run(
                [env.python, "-m", "lint", rule],
                log="lint",
                env={"PYTHONPATH": str(ROOT / "tools")},
            )
            tally.notes += [line for line in said.splitlines() if "left unchecked" in line]
        except CommandFailed as error:
            problem = str(error)
        tally.record(rule, problem)
    return tally


def step() -> Tally:
    """Runs every rule, and tests/architecture over the rules themselves."""
    tally = only(names())
    env = environment.default()
    report = ROOT / "build" / "reports" / "architecture.xml"
    report.unlink(missing_ok=True)
    problem = None
    try:
        run(
            [env.python, "-m", "pytest", "-q", "tests/architecture", f"--junitxml={report}"],
            log="lint",
        )
    except CommandFailed as error:
        problem = str(error)
    proofs = from_junit(report)
    if problem is not None:
        proofs.failed = max(proofs.failed, 1)
        proofs.notes.append(problem)
    tally.add(proofs)
    return tally


def renew_api() -> str:
    """Records the public interface anew.

    Raises:
        CommandFailed: It changed and the changelog says nothing of it.
    """
    path = {"PYTHONPATH": str(ROOT / "tools")}
    return run([environment.default().python, "-m", "lint", "--renew-api"], log="lint", env=path)


def names() -> list[str]:
    """The names of the rules, in the order in which they run."""
    if str(ROOT / "tools") not in sys.path:
        sys.path.insert(0, str(ROOT / "tools"))
    return list(importlib.import_module("lint").RULES)
