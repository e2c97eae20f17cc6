# SPDX-License-Identifier: Apache-2.0
"""A contestant: the class that a sibling file of a question defines."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from harness.question import Case


class Absent(Exception):
    """What the contestant needs is not installed; says what to install."""


class Contestant(ABC):
    """One way of doing what the question asks.

    It lives in its own process. `open` is called once, `measure` once a round and case, `close` at
    the end. An `ImportError` while the file loads or `open` runs means that the peer is absent,
    which is reported and fails nothing.
    """

    label: str = ""
    distribution: str | None = None  # whose version is shown

    def open(self) -> None:  # noqa: B027 - need not be overridden
        """Set up what all rounds share; not measured."""

    def refuses(self, case: Case) -> str | None:
        """Return why this contestant has no answer to `case`, or None when it has."""
        del case
        return None

    @abstractmethod
    def measure(self, case: Case) -> dict[str, float]:
        """Run one round of `case` and return values by metric: those that it has."""

    def close(self) -> None:  # noqa: B027 - need not be overridden
        """Release everything; runs also after a failure."""

    @classmethod
    def version(cls) -> str:
        """Return the version of the distribution behind the contestant, or an empty text."""
        if cls.distribution is None:
            return ""
        try:
            return importlib.metadata.version(cls.distribution)
        except importlib.metadata.PackageNotFoundError:
            return ""


def load_class(path: Path) -> type[Contestant]:
    """Load the one contestant that a file defines.

    Raises:
        ImportError: the file imports what is not installed.
        TypeError: the file does not define exactly one contestant.
    """
    spec = importlib.util.spec_from_file_location(f"contestant_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise TypeError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # what forked workers unpickle by name
    spec.loader.exec_module(module)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Contestant)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
    if len(found) != 1:
        raise TypeError(f"{path} must define one Contestant, not {len(found)}")
    return found[0]


def sibling(file: str, name: str) -> ModuleType:
    """Load `name`.py beside a contestant's `file`, which is on no path for imports.

    (A question's folder holds a `cogway.py`; on the path it would hide the package.)
    """
    path = Path(file).with_name(f"{name}.py")
    known = f"contestant_{path.parent.name}_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, path)
        if spec is None or spec.loader is None:
            raise TypeError(f"{path} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        spec.loader.exec_module(module)
    return sys.modules[known]
