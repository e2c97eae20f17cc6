# SPDX-License-Identifier: Apache-2.0
"""The harness behind ``cogway bench``: questions, contestants, rounds, results.

A *question* is a folder of `benchmarks/` with a `question.py`; every other `*.py` beside it is one
*contestant*, which runs in a process of its own. The harness measures contestants in interleaved
rounds (A B C, A B C, ...) so that a drift of the machine falls on all of them alike, and reports
ratios to a floor of the same run. `docs/guides/benchmarks.md` states the method.
"""

from harness.contestant import Absent, Contestant, sibling
from harness.question import Case, Metric, Program, Question, Target

__all__ = ["Absent", "Case", "Contestant", "Metric", "Program", "Question", "Target", "sibling"]
