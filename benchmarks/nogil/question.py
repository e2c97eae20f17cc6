# SPDX-License-Identifier: Apache-2.0
"""Nogil kernels or a free-threaded interpreter: what do you get, and what does it cost?"""

from harness import Case, Metric, Question

KINDS = ("numbers", "objects", "containers", "text")

QUESTION = Question(
    title="Python with a GIL, Python without, and kernels beside a GIL",
    floor="gil",
    rounds=5,
    timeout_s=120.0,
    cases=(
        *(
            Case(f"one thread: {kind}", (Metric("ms", "ms"),), {"do": "one", "kind": kind})
            for kind in KINDS
        ),
        *(
            Case(
                f"two threads: {kind}",
                (Metric("speedup", "×", "higher"),),
                {"do": "two", "kind": kind},
            )
            for kind in KINDS
        ),
        Case(
            "packages",
            (
                Metric("load", "packages", "higher"),
                Metric("gil_off", "packages", "higher"),
                Metric("installed", "packages", "higher", headline=False),
            ),
            {"do": "import"},
            rounds=1,
        ),
    ),
)
