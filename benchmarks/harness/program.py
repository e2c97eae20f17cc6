# SPDX-License-Identifier: Apache-2.0
"""C++ programs as contestants: found among the builds, run once, read as JSON Lines."""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

from harness import built

if TYPE_CHECKING:
    from harness.group import Group
    from harness.question import Program, Question
    from harness.result import Outcome, Samples
    from harness.run import Options


class ProgramError(Exception):
    """A program failed, or printed what cannot be read."""


def measure(
    question: Question,
    program: Program,
    options: Options,
    group: Group,
    samples: Samples,
    outcome: Outcome,
) -> None:
    """Run the question's program and add its samples.

    Raises:
        built.NotBuiltError: it is not built.
        ProgramError: it failed, or printed what cannot be read.
    """
    path = built.find(f"{question.name}/{program.target}", options.builds)
    rounds = options.rounds or question.rounds
    arguments = [str(path), *program.arguments]
    if options.count is not None:
        arguments.append(str(options.count))
    arguments += ["--json", "--rounds", str(rounds)]
    options.say(f"{question.name}: {program.target}, {rounds} rounds")
    with tempfile.TemporaryFile() as log:
        process = group.start(arguments, stdout=subprocess.PIPE, stderr=log)
        try:
            text, _ = process.communicate(timeout=question.timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise ProgramError(
                f"{program.target} did not end within {question.timeout_s:.0f} s"
            ) from None
        if process.returncode != 0:
            log.seek(0)
            tail = log.read()[-2000:].decode(errors="replace").strip()
            raise ProgramError(f"{program.target} ended with status {process.returncode}\n{tail}")
    for line in text.decode().splitlines():
        read_line(line, question, samples, outcome)


def read_line(line: str, question: Question, samples: Samples, outcome: Outcome) -> None:
    """Add one line of a program's output.

    Raises:
        ProgramError: the line is not what a program may print.
    """
    if not line.strip():
        return
    try:
        found: dict[str, Any] = json.loads(line)
        if "absent" in found:
            outcome.absent[str(found["absent"])] = str(found["reason"])
            return
        case, metric = str(found["case"]), str(found["metric"])
        values = [float(value) for value in found["samples"]]
        contestant = str(found["contestant"])
    except (ValueError, KeyError, TypeError) as error:
        raise ProgramError(f"a line of the program cannot be read ({error}): {line}") from None
    if question.case(case) is None:
        raise ProgramError(f"the program names a case that {question.name!r} lacks: {case!r}")
    samples.setdefault(case, {}).setdefault(contestant, {})[metric] = values
