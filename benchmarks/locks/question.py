# SPDX-License-Identifier: Apache-2.0
"""What does it cost to take a lock and let it go: free, and wanted by two threads?"""

from harness import Case, Metric, Question, Target

NS = Metric("ns", "ns")
SITUATIONS = {
    "idle, acquire and release": "pair",
    "idle, with": "with",
    "one for two threads": "shared",
    "one per object, two threads": "own",
}
BUILDS = {"": "gil", "3.13t: ": "3.13t"}

QUESTION = Question(
    title="A lock taken and released, nanoseconds a time; with two threads, of the whole",
    floor="threading_lock",
    rounds=7,
    timeout_s=120.0,
    cases=tuple(
        Case(build + name, (NS,), {"situation": situation, "build": where})
        for build, where in BUILDS.items()
        for name, situation in SITUATIONS.items()
    ),
    targets=tuple(
        Target(
            f"a pair of {contestant} against threading.Lock's{', 3.13t' if build else ''}",
            f"{build}idle, acquire and release",
            "ns",
            1.0,
            contestant=contestant,
            of=("threading_lock",),
        )
        for contestant in ("cogway", "task_lock")
        for build in BUILDS
    ),
)
