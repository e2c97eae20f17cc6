# SPDX-License-Identifier: Apache-2.0
"""Ten threads add to one counter: which counters are right, and what does it cost?"""

from harness import Case, Metric, Question, Target

WRONG = Metric("wrong_percent", "%")
LOST = Metric("lost_percent", "%")
NS = Metric("ns", "ns")
CASES = {
    "no protection": "plain",
    "threading.Lock": "locked",
    "a critical section": "critical_section",
    "AtomicInt64": "atomic",
}

QUESTION = Question(
    title="Ten threads add 1 to a counter 50,000 times each, from a barrier on",
    floor="gil",
    rounds=5,
    timeout_s=120.0,
    cases=tuple(Case(name, (WRONG, LOST, NS), {"kind": kind}) for name, kind in CASES.items()),
    targets=tuple(
        Target(f"wrong runs with {name}", name, "wrong_percent", 0.0, contestant="gil")
        for name in ("threading.Lock", "a critical section", "AtomicInt64")
    ),
)
