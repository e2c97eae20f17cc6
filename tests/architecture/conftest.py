# SPDX-License-Identifier: Apache-2.0
"""A small tree to seed breaches in."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from lint import RULES, Breach, Tree

Check = Callable[[str, Mapping[str, str]], list[Breach]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Runs a rule over a tree made of the given files."""

    def run(rule: str, files: Mapping[str, str]) -> list[Breach]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(RULES[rule](Tree(tmp_path)))

    return run
