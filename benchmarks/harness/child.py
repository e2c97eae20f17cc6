# SPDX-License-Identifier: Apache-2.0
"""The process of one contestant: reads commands from stdin, answers in JSON Lines.

Standard output is kept for the answers; whatever the contestant or its libraries print goes to
standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contestant import Absent, Contestant, load_class
from harness.question import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator


def interpreter() -> dict[str, Any]:
    """Describe the Python that runs this process, and the cogway it sees."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    found: dict[str, Any] = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "gil": bool(gil),
    }
    try:
        import cogway
    except ImportError:
        found["cogway"] = None
    else:
        found["cogway"] = str(cogway.__version__)
    return found


def decode_case(message: dict[str, Any]) -> Case:
    """Return the case that a message carries."""
    metrics = tuple(Metric(**metric) for metric in message["metrics"])
    return Case(
        message["name"],
        metrics,
        message["params"],
        hogs=message["hogs"],
        quick=message["quick"],
    )


def encode_case(case: Case) -> dict[str, Any]:
    """Return a case as a message carries it."""
    metrics = [
        {"name": metric.name, "unit": metric.unit, "better": metric.better}
        for metric in case.metrics
    ]
    return {
        "name": case.name,
        "metrics": metrics,
        "params": dict(case.params),
        "hogs": case.hogs,
        "quick": case.quick,
    }


def answer(contestant: Contestant, message: dict[str, Any]) -> dict[str, Any]:
    """Do what one message asks and return the answer."""
    case = decode_case(message["case"])
    reason = contestant.refuses(case)
    if reason is not None:
        return {"refused": reason}
    gc.collect()
    gc.disable()  # a collection in one contestant's round would be that contestant's luck
    try:
        values = contestant.measure(case)
    except Absent as absent:
        return {"refused": str(absent)}
    finally:
        gc.enable()
    wanted = [metric.name for metric in case.metrics if metric.name in values]
    if not wanted:
        names = ", ".join(metric.name for metric in case.metrics)
        raise TypeError(f"measure() returned none of {names}")
    return {"values": {name: float(values[name]) for name in wanted}}


def messages(descriptor: int) -> Iterator[dict[str, Any]]:
    """Yield the commands of the parent until it closes the pipe."""
    with os.fdopen(descriptor, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def main(path: str) -> int:
    """Serve one contestant until standard input ends."""
    commands = os.dup(0)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        kind = load_class(Path(path))
        contestant = kind()
        contestant.open()
    except (Absent, ImportError) as absent:
        say({"absent": str(absent)})
        return 0
    except Exception:
        say({"error": traceback.format_exc()})
        return 1
    say({"label": kind.label, "version": kind.version(), **interpreter()})
    try:
        for message in messages(commands):
            try:
                say(answer(contestant, message))
            except Exception:
                say({"error": traceback.format_exc()})
    finally:
        contestant.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
