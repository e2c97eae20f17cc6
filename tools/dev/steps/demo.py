# SPDX-License-Identifier: Apache-2.0
"""The demo as `./dev demo` runs it, held against its own report."""

from __future__ import annotations

import json
import shutil
from typing import Any

from dev import ROOT, application
from dev.console import CommandFailed, run
from dev.tally import Tally

LIMIT_S = 120.0
"""What the demo promises, by the clock in its report."""
_PICTURES = ("samples.jpg", "throughput.png")


def judge(report: dict[str, Any]) -> dict[str, str | None]:
    """What the demo's report shows, each with what is wrong or None."""
    seconds = report["seconds"]
    late = f"took {seconds} s, must end within {LIMIT_S:.0f}" if seconds >= LIMIT_S else None
    found: dict[str, str | None] = {"ends in under two minutes": late}
    trained = set(report["results"])
    lacking = {"none", "cogway", "threads", "processes"} - trained
    found["every feed trained"] = f"no result of {', '.join(sorted(lacking))}" if lacking else None
    chance = 1 / len(report["classes"])
    accuracy = report["results"].get("cogway", {}).get("accuracy", 0.0)
    poor = f"accuracy {accuracy:.0%}, chance is {chance:.0%}" if accuracy < 2 * chance else None
    found["it learns"] = poor
    return found


def step() -> Tally:
    """Runs the whole demo and looks at what it wrote."""
    tally = Tally()
    folder = ROOT / "build" / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    env = application.demo_environment()
    try:
        run([env.program("cogway"), "demo", "--plain", "--output", folder], log="demo", timeout=300)
    except CommandFailed as error:
        tally.record("demo", str(error))
        return tally
    report = json.loads((folder / "report.json").read_text())
    for name, problem in judge(report).items():
        tally.record(name, problem)
    for name in _PICTURES:
        there = (folder / name).is_file()
        tally.record(name, None if there else "was not drawn")
    tally.notes.append(f"the demo took {report['seconds']} s with {report['model']}")
    return tally
