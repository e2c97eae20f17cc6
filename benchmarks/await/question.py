# SPDX-License-Identifier: Apache-2.0
"""What does an `await` of native work cost?"""

from harness import Case, Metric, Question, Target

P50 = Metric("p50_us", "µs")
P99 = Metric("p99_us", "µs", headline=False)
MEAN = Metric("mean_us", "µs", headline=False)
BUSY = (Metric("mean_us", "µs"), Metric("p99_us", "µs"), Metric("p50_us", "µs", headline=False))
RATE = Metric("per_second", "1/s", "higher")
WAKEUPS = Metric("wakeups_per_task", "1")
LATENCY = (P50, P99, MEAN)

SPIN_NS = 20_000


def _single(name: str, loop: str, duration_ns: int, *, busy: bool = False) -> Case:
    params = {"do": "await", "loop": loop, "duration_ns": duration_ns}
    # Beside hogs a round is luck of the scheduler: more of them.
    return Case(name, BUSY if busy else LATENCY, params, hogs=busy, rounds=11 if busy else None)


QUESTION = Question(
    title="What an await of native work costs",
    floor="floor",
    rounds=7,
    cases=(
        _single("no-op, asyncio", "asyncio", 0),
        _single("no-op, uvloop", "uvloop", 0),
        _single("20 µs kernel, time beyond it, asyncio", "asyncio", SPIN_NS),
        _single("20 µs kernel, time beyond it, uvloop", "uvloop", SPIN_NS),
        _single("no-op, every core busy, asyncio", "asyncio", 0, busy=True),
        _single("20 µs kernel, every core busy, asyncio", "asyncio", SPIN_NS, busy=True),
        Case("gather of 1,000, asyncio", (RATE,), {"do": "gather", "loop": "asyncio"}),
        Case("gather of 1,000, uvloop", (RATE,), {"do": "gather", "loop": "uvloop"}),
        Case("c_map of 1,000, asyncio", (RATE, WAKEUPS), {"do": "map", "loop": "asyncio"}),
        Case(
            "idle engine",
            (Metric("cpu_percent", "%"),),
            {"do": "idle", "loop": "asyncio"},
            rounds=2,
        ),
        Case(
            "an await every 2 ms",
            (Metric("spin_percent", "%"), Metric("cpu_percent", "%")),
            {"do": "sparse", "loop": "asyncio"},
            rounds=2,
        ),
    ),
    targets=(
        *(
            Target(f"no-op, {loop}, p50", f"no-op, {loop}", "p50_us", 1.15, of=("floor",))
            for loop in ("asyncio", "uvloop")
        ),
        *(
            Target(
                f"time beyond a 20 µs kernel, {loop}, p50",
                f"20 µs kernel, time beyond it, {loop}",
                "p50_us",
                1.4,
                of=("floor",),
            )
            for loop in ("asyncio", "uvloop")
        ),
        *(
            Target(
                f"{what}, every core busy, {metric} against run_in_executor",
                f"{what}, every core busy, asyncio",
                f"{metric}_us",
                1.0,
                of=("run_in_executor",),
            )
            for what in ("no-op", "20 µs kernel")
            for metric in ("mean", "p99")
        ),
        Target("gather of 1,000, asyncio", "gather of 1,000, asyncio", "per_second", 450e3, ">="),
        Target("gather of 1,000, uvloop", "gather of 1,000, uvloop", "per_second", 700e3, ">="),
        Target("c_map of 1,000 no-ops", "c_map of 1,000, asyncio", "per_second", 2e6, ">="),
        Target("loop wake-ups a task", "c_map of 1,000, asyncio", "wakeups_per_task", 0.02),
        Target("processor use of an idle engine", "idle engine", "cpu_percent", 0.05),
        Target("spinning, share of wall time", "an await every 2 ms", "spin_percent", 5.0),
    ),
)
