# SPDX-License-Identifier: Apache-2.0
"""The verb `bench`: its arguments and what it does with them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness import built, plot, program, question, render, run, store, table

if TYPE_CHECKING:
    from harness.result import Outcome

_EPILOG = """\
A question is a folder of benchmarks/. Results are ratios to the floor of the same run.
`cogway bench render` writes the stored results into README.md and the documents.
Exit status: 0 measured; 1 not quiet, a contestant failed, a missed target with --gate, or a page
that differs with --check; 2 wrong use.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTION",
        help="which to measure; a number after it is handed to its C++ program; or `render`",
    )
    parser.add_argument("--all", action="store_true", help="measure every question")
    parser.add_argument("--list", action="store_true", help="list the questions and contestants")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument(
        "--plot",
        nargs="?",
        const="",
        metavar="FILE",
        help="draw a picture (PNG or SVG; with several questions, FILE is a folder)",
    )
    parser.add_argument("--store", action="store_true", help="keep it in benchmarks/results")
    parser.add_argument("--force", action="store_true", help="measure on a machine in use too")
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="wait up to S seconds for quiet"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds per case")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a trial")
    parser.add_argument(
        "--case", action="append", default=[], metavar="TEXT", help="only cases that hold TEXT"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="of the peers only this one"
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="[QUESTION=]PATH",
        help="the interpreter of the contestants (may differ by question)",
    )
    parser.add_argument("--gate", action="store_true", help="fail when a target is missed")
    parser.add_argument("--check", action="store_true", help="with render: change nothing, compare")


def execute(arguments: argparse.Namespace, root: Path) -> int:
    """Run the verb over the benchmarks folder `root` and return the exit status."""
    try:
        names, count = _questions(arguments, root)
        if names == ["render"]:
            return _render(arguments, root)
        if arguments.list or not names:
            return _list(arguments, root)
        return _measure(arguments, root, names, count)
    except (question.QuestionError, _UsageError) as error:
        print(f"cogway bench: {error}", file=sys.stderr)
        return 2
    except (
        run.NotQuietError,
        built.NotBuiltError,
        program.ProgramError,
        render.RenderError,
        plot.PlotError,
        ValueError,
    ) as error:
        print(f"cogway bench: {error}", file=sys.stderr)
        if isinstance(error, run.NotQuietError):
            print("  (--wait S waits for quiet; --force measures anyway)", file=sys.stderr)
        return 1


class _UsageError(Exception):
    pass


def _questions(arguments: argparse.Namespace, root: Path) -> tuple[list[str], int | None]:
    names: list[str] = list(arguments.questions)
    count = None
    if names and names[-1].replace("_", "").isdigit():
        count = int(names.pop())
        if count <= 0:
            raise _UsageError("the number after the question must be positive")
    if arguments.all:
        if names:
            raise _UsageError("--all and the names of questions exclude each other")
        names = question.discover(root)
    if count is not None and len(names) != 1:
        raise _UsageError("a number needs exactly one question before it")
    if arguments.rounds is not None and arguments.rounds < 1:
        raise _UsageError("--rounds must be at least 1")
    if arguments.store and (arguments.case or arguments.only or arguments.quick):
        raise _UsageError("--store keeps whole results: not with --case, --only or --quick")
    if "render" in names and names != ["render"]:
        raise _UsageError("render stands alone")
    return names, count


def _interpreter(arguments: argparse.Namespace, name: str) -> str:
    chosen = sys.executable
    for entry in arguments.python:
        only, equals, path = entry.partition("=")
        if not equals:
            chosen = entry
        elif only == name:
            return str(path)
    return chosen


def _list(arguments: argparse.Namespace, root: Path) -> int:
    found = []
    for name in question.discover(root):
        asked = question.load(root, name)
        found.append(
            {
                "question": name,
                "title": asked.title,
                "floor": asked.floor,
                "cases": [case.name for case in asked.cases],
                "contestants": [path.stem for path in asked.contestants()],
            }
        )
    if arguments.json:
        print(json.dumps(found, indent=1))
        return 0
    for entry in found:
        print(f"{entry['question']}: {entry['title']}")
        print(f"  contestants: {', '.join(entry['contestants']) or 'in its C++ program'}")
        print(f"  cases: {'; '.join(entry['cases'])}")
    return 0


def _render(arguments: argparse.Namespace, root: Path) -> int:
    changed = render.render_pages(root.parent, write=not arguments.check)
    for page in changed:
        state = "differs" if arguments.check else "written"
        print(f"{state}: {page.relative_to(root.parent)}")
    return 1 if changed and arguments.check else 0


def _measure(arguments: argparse.Namespace, root: Path, names: list[str], count: int | None) -> int:
    asked = [question.load(root, name) for name in names]
    terminal = sys.stderr.isatty()

    def say(line: str) -> None:
        if terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    outcomes: list[Outcome] = []
    status = 0
    for place, one in enumerate(asked):
        options = run.Options(
            rounds=arguments.rounds,
            quick=arguments.quick,
            force=arguments.force,
            patience_s=arguments.wait,
            count=count,
            cases=tuple(arguments.case),
            only=tuple(arguments.only),
            python=_interpreter(arguments, one.name),
            own_load=place > 0,
            builds=built.folders(root.parent),
            say=say,
        )
        try:
            outcome = run.run(one, options)
        except (run.NotQuietError, built.NotBuiltError, program.ProgramError) as error:
            if len(asked) == 1:
                raise
            say("")
            print(f"cogway bench: {one.name}: {error}", file=sys.stderr)
            status = 1
            continue
        say("")
        outcomes.append(outcome)
        if not arguments.json:
            print(table.text(outcome))
        if arguments.store:
            print(f"stored: {store.save(root, outcome)}", file=sys.stderr)
        if arguments.plot is not None:
            print(
                f"drawn: {plot.plot(outcome, _picture(arguments, root, outcome))}", file=sys.stderr
            )
        if outcome.failed:
            status = 1
        if arguments.gate and any(verdict.met is False for verdict in outcome.verdicts):
            status = 1
    if arguments.json:
        found = [outcome.to_json() for outcome in outcomes]
        print(json.dumps(found if len(asked) > 1 else found[0], indent=1, ensure_ascii=False))
    return status


def _picture(arguments: argparse.Namespace, root: Path, outcome: Outcome) -> Path:
    if not arguments.plot:
        return store.path_of(root, outcome).with_suffix(".svg")
    path = Path(arguments.plot)
    if arguments.all or len(arguments.questions) > 2 or path.is_dir():
        return path / f"{outcome.question}.png"
    return path
