# SPDX-License-Identifier: Apache-2.0
"""What does a call of a function of yours cost beyond the engine's own no-op kernel?"""

from harness import Case, Metric, Question, Target

EXTRA = Metric("extra_ns", "ns")
CALL = Metric("ns_per_call", "ns")

ACCEPTORS = {
    "address": "(address, signature)",
    "cffi_function": "a cffi function",
    "ctypes_function": "a ctypes function",
    "cython_capsule": "a Cython capsule",
    "kernel_table": "a kernel table",
    "numba_cfunc": "a numba cfunc",
    "scipy_callable": "a scipy LowLevelCallable",
}

CASES = {
    "no arguments": {"do": "nothing", "beside": "core.noop"},
    "a number in, a number out": {"do": "twice", "beside": "acceptors.twice_by_hand"},
}

QUESTION = Question(
    title="What a function of yours costs in one c_map beyond a kernel of the engine's own form",
    floor="noop",
    rounds=9,
    cases=tuple(Case(name, (EXTRA, CALL), params) for name, params in CASES.items()),
    targets=tuple(
        Target(f"extra cost of {what}: {case}, ns a call", case, "extra_ns", 200, contestant=name)
        for case in CASES
        for name, what in ACCEPTORS.items()
    ),
)
