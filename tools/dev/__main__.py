# SPDX-License-Identifier: Apache-2.0
"""The verbs of ``./dev``."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from typing import TYPE_CHECKING

from dev import application
from dev.console import CommandFailed, Refused, say, start_log
from dev.steps import STEPS, docs, fuzz, lint, soak, wheel
from dev.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

_HELP = """\
./dev VERB: one script for every task; it installs what it needs.

  demo [ARGS]          set up and run the demo (cogway demo)
  test [STEP...]       everything, or only the steps named; --list names them
  lint [RULE...]       every rule, or only the rules named; --renew-api records the interface
  bench [ARGS]         build floors and peers, run cogway bench (all questions when none is named)
  fuzz [NOUN...]       each fuzz target for 10 minutes; --seconds N, --fresh
  soak                 the engine under load for 10 minutes; --minutes N, --store
  docs                 build the documentation into build/docs/html
  wheel                build the source archive and the wheel into dist/
  clean                remove build trees; --all removes the environments too

PYTHON=3.12 or PYTHON=/path/to/python chooses one; the newest with a GIL is the default."""


def run_step(name: str, step: Callable[[], Tally]) -> tuple[Tally, float]:
    """Runs one step and prints what it came to; an error of the step is one failure."""
    start = time.monotonic()
    for log in (name, name.removeprefix("python-")):
        start_log(log)
    try:
        tally = step()
    except (CommandFailed, Refused) as error:
        tally = Tally(failed=1, notes=[str(error)])
    except Exception:  # a mistake of the step's own: the others still run
        tally = Tally(failed=1, notes=[traceback.format_exc()])
    seconds = time.monotonic() - start
    if tally.passed + tally.failed + tally.skipped == 0:
        tally.record(name, "ran no test")
    say(f"== {name}: {tally} in {seconds:.0f} s")
    for note in tally.notes:
        say(f"   {note}".replace("\n", "\n   "))
    return tally, seconds


def test(words: list[str]) -> int:
    """Runs the steps and prints a table, with the sum alone on the last line."""
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("step", nargs="*", help="steps to run; all when none is named")
    parser.add_argument("--list", action="store_true", help="name the steps and stop")
    options = parser.parse_args(words)
    if options.list:
        say("\n".join(STEPS))
        return 0
    unknown = [name for name in options.step if name not in STEPS]
    if unknown:
        parser.error(f"no step {', '.join(unknown)}; the steps are {', '.join(STEPS)}")
    total = Tally()
    lines = []
    begin = time.monotonic()
    for name in options.step or STEPS:
        tally, seconds = run_step(name, STEPS[name])
        total.add(tally)
        lines.append(f"{name:14} {seconds:6.0f} s   {tally}")
    lines.append(f"{'all':14} {time.monotonic() - begin:6.0f} s")
    absent = [note for note in total.notes if note.startswith("ABSENT")]
    say("\n" + "\n".join([*lines, *absent]) + "\n")
    say(str(total))
    return 1 if total.failed else 0


def _lint(words: list[str]) -> int:
    if words == ["--renew-api"]:
        say(lint.renew_api())
        return 0
    rules = lint.names()
    unknown = [name for name in words if name not in rules]
    if unknown:
        raise Refused(f"no rule {', '.join(unknown)}; the rules are {', '.join(rules)}")
    tally, _ = run_step("lint", lint.step if not words else lambda: lint.only(words))
    say(str(tally))
    return 1 if tally.failed else 0


def _fuzz(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("noun", nargs="*")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    options = parser.parse_args(words)
    fuzz.main(options.seconds, options.noun, fresh=options.fresh)
    return 0


def _soak(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--store", action="store_true", help="keep it in benchmarks/results")
    options = parser.parse_args(words)
    soak.main(60 * options.minutes, store=options.store)
    return 0


def _docs(words: list[str]) -> int:
    argparse.ArgumentParser(prog="./dev docs").parse_args(words)
    docs.build("html")
    say("build/docs/html/index.html")
    return 0


def _wheel(words: list[str]) -> int:
    argparse.ArgumentParser(prog="./dev wheel").parse_args(words)
    wheel.main()
    return 0


def _clean(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev clean")
    parser.add_argument("--all", action="store_true", help="the environments too")
    application.clean(everything=parser.parse_args(words).all)
    return 0


def _demo(words: list[str]) -> int:
    application.demo(words)
    return 0


def _bench(words: list[str]) -> int:
    application.bench(words)
    return 0


def _help(words: list[str]) -> int:
    say(f"{_HELP}\n\nInterpreters on this machine:\n{application.python_report()}")
    return 0 if not words else 2


_VERBS: dict[str, Callable[[list[str]], int]] = {
    "demo": _demo,
    "test": test,
    "lint": _lint,
    "bench": _bench,
    "fuzz": _fuzz,
    "soak": _soak,
    "docs": _docs,
    "wheel": _wheel,
    "clean": _clean,
    "help": _help,
    "--help": _help,
    "-h": _help,
}


def main() -> int:
    """Runs the verb named on the command line.

    Returns:
        0 when all went well, 1 when something failed, 2 when the request made no sense.
    """
    words = sys.argv[1:]
    verb = words[0] if words else "help"
    if verb not in _VERBS:
        say(f"./dev: no verb {verb}\n\n{_HELP}")
        return 2
    try:
        return _VERBS[verb](words[1:])
    except CommandFailed as error:
        say(str(error))
        return 1
    except Refused as error:
        say(f"./dev {verb}: {error}")
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
