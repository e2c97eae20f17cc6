# SPDX-License-Identifier: Apache-2.0
"""How fast does a 4K picture turn gray, in each language, and how far is memory's limit?"""

from harness import Case, Metric, Question, Target

FRAME = Metric("ms_per_frame", "ms")


def _case(workers: int, checked: bool) -> Case:
    name = f"{workers} worker{'s' if workers > 1 else ''}"
    params = {"workers": workers, "checked": checked}
    return Case(name + (", every index checked" if checked else ""), (FRAME,), params)


QUESTION = Question(
    title="RGB to gray, 3840×2160, the same pixels from every rung",
    floor="floor",
    rounds=7,
    timeout_s=120.0,
    cases=tuple(_case(workers, checked) for checked in (False, True) for workers in (1, 2)),
    targets=(
        Target(
            "4K gray on 2 workers against the limit of memory (1 / 0.85)",
            "2 workers",
            "ms_per_frame",
            1 / 0.85,
            of=("floor",),
        ),
        *(
            Target(
                f"4K gray on 2 workers against {what}", "2 workers", "ms_per_frame", 1.0, of=(peer,)
            )
            for peer, what in (
                ("cython_prange", "Cython prange"),
                ("numba_parallel", "Numba parallel"),
            )
        ),
    ),
)
