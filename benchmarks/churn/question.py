# SPDX-License-Identifier: Apache-2.0
"""What does it cost native code to have Python hear of something, thousands of times?"""

from harness import Case, Metric, Question, Target

METRICS = (
    Metric("native_ns", "ns"),
    Metric("events_per_second", "1/s", better="higher"),
)
BUSY = "beside a busy Python thread"

QUESTION = Question(
    title="Events from a native thread to a Python callable: posted, or attaching for each",
    floor="attach",
    rounds=7,
    timeout_s=120.0,
    cases=(
        Case("Python waits", METRICS, {"busy": False, "events": 10_000, "pause_ns": 0}),
        Case(BUSY, METRICS, {"busy": True, "events": 100, "pause_ns": 50_000}),
    ),
    targets=tuple(
        Target(
            f"a post against attach and detach for each event, on the native thread: {case}",
            case,
            "native_ns",
            1.0,
            of=("attach", "ctypes_callback"),
        )
        for case in ("Python waits", BUSY)
    ),
)
