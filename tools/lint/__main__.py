# SPDX-License-Identifier: Apache-2.0
"""``python -m lint [RULE...]``; ``--renew-api`` writes the records of the interface anew."""

from __future__ import annotations

import sys
from pathlib import Path

from lint import RULES, Tree
from lint.api_snapshot import renew


def main() -> int:
    """Runs the rules named, or all.

    Returns:
        0 when nothing is broken, 1 when something is, 2 for an unknown rule.
    """
    tree = Tree(Path(__file__).resolve().parents[2])
    words = sys.argv[1:]
    if words == ["--renew-api"]:
        try:
            print("\n".join(renew(tree)) or "the records are up to date")
        except ValueError as error:
            print(error)
            return 1
        return 0
    unknown = [name for name in words if name not in RULES]
    if unknown:
        print(f"no rule {', '.join(unknown)}; the rules are {', '.join(RULES)}")
        return 2
    count = 0
    for name in words or RULES:
        for breach in RULES[name](tree):
            print(f"{breach} [{name}]")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
