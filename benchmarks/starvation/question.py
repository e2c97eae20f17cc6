# SPDX-License-Identifier: Apache-2.0
"""What does loading do to the step time of the thread that trains?"""

from harness import Case, Metric, Question, Target

QUESTION = Question(
    title="A training thread's step while the loader's workers are saturated",
    floor="alone",
    rounds=5,
    timeout_s=120.0,
    # One training thread: matrix products stay on the thread that calls them.
    environment={
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    },
    cases=(
        Case(
            "training beside loading",
            (
                Metric("p99_ms", "ms"),
                Metric("p50_ms", "ms", headline=False),
                Metric("images_per_s", "1/s", "higher"),
            ),
        ),
    ),
    targets=(
        Target(
            "training step p99 with saturated workers against without loading",
            "training beside loading",
            "p99_ms",
            1.25,
            of=("alone",),
        ),
    ),
)
