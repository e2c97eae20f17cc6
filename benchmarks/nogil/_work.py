# SPDX-License-Identifier: Apache-2.0
"""Four kinds of Python on one thread and on two, and imports: the standard library alone.

Run by another interpreter it measures there: `_work.py one|two KIND STEPS` or `import NAME...`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = (
    "numpy",
    "PIL",
    "matplotlib",
    "uvloop",
    "pandas",
    "pyarrow",
    "torch",
    "lxml",
    "yaml",
    "orjson",
    "cryptography",
    "pydantic_core",
)
"""What many programs import, each with code of its own in C, C++ or Rust."""

_PROBE = "import sys, importlib; importlib.import_module(sys.argv[1])\n" + (
    "print(getattr(sys, '_is_gil_enabled', lambda: True)())"
)


class Point:
    """An object with two attributes."""

    def __init__(self, x: float, y: float) -> None:
        self.x = x
        self.y = y

    def moved(self, by: float) -> Point:
        """Return another."""
        return Point(self.x + by, self.y - by)


def numbers(steps: int) -> None:
    """Count down."""
    while steps > 0:
        steps -= 1


def objects(steps: int) -> None:
    """Make objects, read their attributes, call their methods."""
    point = Point(0.0, 0.0)
    for _ in range(steps // 4):
        point = point.moved(1.0)


def containers(steps: int) -> None:
    """Fill a dictionary and a list, and read them."""
    found: dict[int, list[int]] = {}
    for i in range(steps // 4):
        found.setdefault(i % 997, []).append(i)
    sum(len(values) for values in found.values())


def text(steps: int) -> None:
    """Split and join texts."""
    line = "one two three four five six seven eight"
    for _ in range(steps // 20):
        "-".join(line.upper().split())


KINDS = {"numbers": numbers, "objects": objects, "containers": containers, "text": text}


def one(kind: str, steps: int) -> float:
    """Return the milliseconds of one thread, the best of three."""
    return min(_milliseconds(lambda: KINDS[kind](steps)) for _ in range(3))


def two(kind: str, steps: int) -> float:
    """Return how many times as much two threads do in the time of one."""
    alone = one(kind, steps)

    def both() -> None:
        threads = [threading.Thread(target=KINDS[kind], args=(steps,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return 2 * alone / min(_milliseconds(both) for _ in range(3))


def imports(names: tuple[str, ...]) -> dict[str, float]:
    """Import each package that is there in a process of its own.

    Returns:
        How many are installed, how many of them load, and after how many the GIL is off.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHON_GIL"}
    installed, answers = [name for name in names if importlib.util.find_spec(name)], []
    for name in installed:
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PROBE, name],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        answers.append(ended.stdout.strip() if ended.returncode == 0 else "failed")
    return {
        "installed": len(installed),
        "load": sum(answer != "failed" for answer in answers),
        "gil_off": answers.count("False"),
    }


def _milliseconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    if sys.argv[1] == "import":
        print(json.dumps(imports(tuple(sys.argv[2:]))))
    elif sys.argv[1] == "one":
        print(json.dumps({"ms": one(sys.argv[2], int(sys.argv[3]))}))
    else:
        print(json.dumps({"speedup": two(sys.argv[2], int(sys.argv[3]))}))
