# SPDX-License-Identifier: Apache-2.0
"""Python tests on one interpreter, against the installed wheel."""

from __future__ import annotations

from dev import ROOT, environment, interpreters, machine, made_python, photographs
from dev.console import CommandFailed, Refused, run
from dev.tally import Tally, from_junit


def _interpreter(tag: str) -> interpreters.Interpreter:
    """The interpreter, made when the machine lacks it."""
    return interpreters.find(tag) or made_python.make(tag)


def step(tag: str, *, required: bool) -> Tally:
    """Runs tests/python on the interpreter of a tag such as 3.13t.

    Args:
        tag: Which one.
        required: Whether failing to make it is a failure. Else, and where no way to have it is
            known, it is reported as absent and counted as skipped.
    """
    try:
        interpreter = _interpreter(tag)
    except made_python.Unobtainable as error:
        return Tally(skipped=1, notes=[f"ABSENT: Python {tag}: {error}"])
    except (CommandFailed, Refused) as error:
        notes = [f"ABSENT: Python {tag}: {error}"]
        return Tally(failed=1, notes=notes) if required else Tally(skipped=1, notes=notes)
    env = environment.environment(interpreter)
    env.add("test")
    wanted = environment.group("partners") + environment.group("demo")
    absent = env.add_optional(*dict.fromkeys(wanted))
    absent += env.add_optional(environment.TORCH)
    env.install()
    photographs.install()
    compilers = machine.install_one_of((machine.LANGUAGES,))
    report = ROOT / "build" / "reports" / f"python-{tag}.xml"
    report.unlink(missing_ok=True)
    problem = None
    variables = {"PYTHON_GIL": "0"} if interpreter.free_threaded else {}
    # As many processes as cores: a test waits more than it computes. The tests of a file stay
    # together, with what its fixtures hold. Were a process to die, the log has the test's name and
    # the C library's last words.
    spread = ("-n", str(machine.cores()), "--dist", "loadfile")
    pytest = (env.python, "-m", "pytest", "-v", "--capture=sys", *spread)
    try:
        run(
            [*pytest, "tests/python", f"--junitxml={report}"],
            log=f"python-{tag}",
            env=variables,
            timeout=1200,
        )
    except CommandFailed as error:
        problem = str(error)
    tally = from_junit(report)
    if problem is not None:
        tally.failed = max(tally.failed, 1)
        tally.notes.append(problem)
    tally.notes.insert(0, f"Python {interpreter.version}")
    if not compilers:
        tally.notes.append(f"ABSENT: not all of {', '.join(machine.LANGUAGES)} can be installed")
    tally.notes += [f"ABSENT: {name} has no wheel for Python {tag}" for name in absent]
    return tally
