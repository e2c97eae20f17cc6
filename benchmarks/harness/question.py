# SPDX-License-Identifier: Apache-2.0
"""What a benchmark asks: its cases, metrics, floor and targets."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_QUESTION_FILE = "question.py"


class QuestionError(Exception):
    """A question is not there, or its folder is not as it must be."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A quantity that a case yields, one value a round."""

    name: str
    unit: str
    better: Literal["lower", "higher"] = "lower"
    headline: bool = True  # shown in rendered pages; the rest stay in the stored result

    def ratio(self, value: float, floor: float) -> float:
        """Return how many times worse `value` is than `floor` (below 1: better)."""
        over, under = (value, floor) if self.better == "lower" else (floor, value)
        return over / under if under else float("inf") if over else 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One situation in which every contestant is measured."""

    name: str
    metrics: tuple[Metric, ...]
    params: Mapping[str, Json] = field(default_factory=dict)
    hogs: bool = False  # a process of nice 0 burns every core of the run meanwhile
    rounds: int | None = None  # None: the question's
    floor: str | None = None  # None: the question's
    quick: bool = False  # set by --quick: contestants do less

    def count(self, full: int, quick: int) -> int:
        """Return how many repetitions a round should do."""
        return quick if self.quick else full

    def number(self, name: str) -> int:
        """Return an integer parameter."""
        value = self.params[name]
        if not isinstance(value, int):
            raise QuestionError(f"case {self.name!r}: parameter {name!r} is not an integer")
        return value

    def text(self, name: str) -> str:
        """Return a text parameter."""
        value = self.params[name]
        if not isinstance(value, str):
            raise QuestionError(f"case {self.name!r}: parameter {name!r} is not a text")
        return value


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must be reached: a ratio to `of`, or an absolute value when `of` is empty."""

    text: str
    case: str
    metric: str
    limit: float
    relation: Literal["<=", ">="] = "<="
    contestant: str = "cogway"
    of: tuple[str, ...] = ()  # ("*",): every other contestant that is present
    exclude: tuple[str, ...] = ()  # with "*": all but these


@dataclass(frozen=True, slots=True)
class Program:
    """A C++ program that measures its contestants itself, and prints JSON Lines."""

    target: str
    arguments: tuple[str, ...] = ()
    cases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A folder of `benchmarks/`: what is asked and how it is judged."""

    title: str
    cases: tuple[Case, ...]
    floor: str
    targets: tuple[Target, ...] = ()
    rounds: int = 7
    cores: int = 2
    timeout_s: float = 60.0
    program: Program | None = None
    environment: Mapping[str, str] = field(default_factory=dict)  # added for the contestants
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    folder: Path = Path()

    def case(self, name: str) -> Case | None:
        """Return the case of that name."""
        return next((case for case in self.cases if case.name == name), None)

    def contestants(self) -> list[Path]:
        """Return the files of the contestants: cogway first, then the floor, then peers by name."""
        files = [
            path
            for path in self.folder.glob("*.py")
            if path.name != _QUESTION_FILE and not path.name.startswith("_")
        ]
        order = {"cogway": 0, self.floor: 1}
        return sorted(files, key=lambda path: (order.get(path.stem, 2), path.stem))


def discover(root: Path) -> list[str]:
    """Return the names of the questions in a benchmarks folder."""
    found = (path.parent for path in root.glob(f"*/{_QUESTION_FILE}"))
    return sorted(path.name for path in found if not (path / "__init__.py").exists())


def load(root: Path, name: str) -> Question:
    """Load the question `name` of the benchmarks folder `root`.

    Raises:
        QuestionError: there is no such question, or its file defines none.
    """
    path = root / name / _QUESTION_FILE
    if not path.is_file():
        known = ", ".join(discover(root)) or "none"
        raise QuestionError(f"there is no question {name!r}; those of {root}: {known}")
    spec = importlib.util.spec_from_file_location(f"bench_question_{name}", path)
    if spec is None or spec.loader is None:
        raise QuestionError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    question = getattr(module, "QUESTION", None)
    if not isinstance(question, Question):
        raise QuestionError(f"{path} must define QUESTION, a harness.Question")
    object.__setattr__(question, "name", name)
    object.__setattr__(question, "folder", path.parent)
    _check(question)
    return question


def _check(question: Question) -> None:
    names = [case.name for case in question.cases]
    if len(set(names)) != len(names):
        raise QuestionError(f"question {question.name!r} names a case twice")
    for target in question.targets:
        case = question.case(target.case)
        if case is None:
            raise QuestionError(f"a target of {question.name!r} names no case: {target.case!r}")
        if target.metric not in {metric.name for metric in case.metrics}:
            raise QuestionError(
                f"a target of {question.name!r} names no metric of {target.case!r}: "
                f"{target.metric!r}"
            )
