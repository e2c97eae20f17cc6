# SPDX-License-Identifier: Apache-2.0
"""What do the primitives of cogway.sync cost, called from Python?"""

from harness import Case, Metric, Question, Target

NS = Metric("ns", "ns")
SPEEDUP = Metric("speedup", "x", better="higher")
MIXED = "3.13t: dict, 90 % get, two threads"
WRAPPED = f"{MIXED}, each through a LocalWrapper"


def case(name: str, what: str, floor: str | None = None) -> Case:
    return Case(name, (NS,), {"what": what}, floor=floor)


def no_more(text: str, name: str, limit: float, *of: str) -> Target:
    return Target(text if of else f"{text}, ns", name, "ns", limit, of=of)


QUESTION = Question(
    title="Primitives of cogway.sync, nanoseconds an operation; with two threads, of the whole",
    floor="floor",
    rounds=7,
    timeout_s=120.0,
    cases=(
        case("AtomicInt64.incr()", "incr"),
        case("AtomicInt64 += 1", "add"),
        case("AtomicInt64.compare_exchange()", "compare_exchange"),
        case("AtomicInt64.incr(), two threads", "incr_contended"),
        case("ConcurrentDict get", "dict_get", "ft_utils"),
        case("ConcurrentDict set", "dict_set", "ft_utils"),
        case("ConcurrentDict in", "dict_in", "ft_utils"),
        Case(MIXED, (NS, SPEEDUP), {"what": "mixed", "how": "plain"}, floor="ft_utils"),
        Case(WRAPPED, (NS, SPEEDUP), {"what": "mixed", "how": "wrapped"}, floor="ft_utils"),
        case("ConcurrentQueue put and get, one thread", "queue_pair", "standard"),
        case("ConcurrentQueue, from thread to thread", "queue_between", "standard"),
        case("RWLock read pair", "read_pair", "ft_utils"),
        case("RWLock read, with", "read_with", "ft_utils"),
        case("hand-over to a task, one item", "hand_one", "standard"),
        case("hand-over to a task, bursts of 64", "hand_burst", "standard"),
    ),
    targets=(
        no_more("AtomicInt64.incr()", "AtomicInt64.incr()", 1.1, "floor"),
        no_more("AtomicInt64 += 1", "AtomicInt64 += 1", 1.15, "floor"),
        no_more("AtomicInt64 compare_exchange", "AtomicInt64.compare_exchange()", 1.15, "floor"),
        *(
            no_more(f"{name}, against ft_utils", name, 1.0, "ft_utils")
            for name in (
                "AtomicInt64.incr()",
                "AtomicInt64 += 1",
                "AtomicInt64.incr(), two threads",
                "ConcurrentDict get",
                "ConcurrentDict set",
                "ConcurrentDict in",
                "RWLock read pair",
            )
        ),
        no_more("RWLock read with, against ft_utils", "RWLock read, with", 0.5, "ft_utils"),
        Target("dict, 90 % get, two threads against one, 3.13t", WRAPPED, "speedup", 1.6, ">="),
        no_more("dict, 90 % get, 3.13t, against ft_utils", WRAPPED, 1.0, "ft_utils"),
        no_more("dict, 90 % get, 3.13t, against cereggii", WRAPPED, 1.0, "cereggii"),
        no_more(
            "queue put and get, against SimpleQueue",
            "ConcurrentQueue put and get, one thread",
            1.2,
            "standard",
        ),
        no_more(
            "queue from thread to thread, against SimpleQueue",
            "ConcurrentQueue, from thread to thread",
            1.1,
            "standard",
        ),
        no_more(
            "hand-over to a task, against SimpleQueue and call_soon_threadsafe",
            "hand-over to a task, one item",
            0.6,
            "standard",
        ),
        no_more("hand-over to a task in bursts of 64", "hand-over to a task, bursts of 64", 1e3),
    ),
)
