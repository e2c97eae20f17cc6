# SPDX-License-Identifier: Apache-2.0
"""ConcurrentDict against dict: the same calls in any order answer the same."""

from __future__ import annotations

import pytest
from cogway.sync import ABSENT, ConcurrentDict
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

KEYS = st.one_of(
    st.integers(-3, 12),
    st.integers(),
    st.text(max_size=2),
    st.floats(allow_nan=False, width=16),
    st.booleans(),
    st.tuples(st.integers(0, 2)),
    st.sampled_from([2**61 - 1, 2**61 - 2, 2**61, -(2**61), -1, -2, 2**64]),
)
VALUES = st.integers(0, 5)


def answer(call):
    """What a call returns, or the exception that it raises."""
    try:
        return call()
    except KeyError as error:
        return KeyError, error.args


class DictMachine(RuleBasedStateMachine):
    """One dict and one ConcurrentDict."""

    def __init__(self):
        super().__init__()
        self.theirs = {}
        self.ours = ConcurrentDict()

    def both(self, call):
        expected = answer(lambda: call(self.theirs))
        assert answer(lambda: call(self.ours)) == expected

    @rule(key=KEYS, value=VALUES)
    def store(self, key, value):
        self.both(lambda d: d.__setitem__(key, value))

    @rule(key=KEYS)
    def read(self, key):
        self.both(lambda d: d[key])
        self.both(lambda d: key in d)
        self.both(lambda d: d.get(key, "none"))

    @rule(key=KEYS)
    def remove(self, key):
        self.both(lambda d: d.__delitem__(key))

    @rule(key=KEYS)
    def pop(self, key):
        self.both(lambda d: d.pop(key, "none"))

    @rule(key=KEYS, value=VALUES)
    def set_default(self, key, value):
        self.both(lambda d: d.setdefault(key, value))

    @rule(items=st.dictionaries(KEYS, VALUES, max_size=30))
    def fill(self, items):
        self.both(lambda d: d.update(items))

    @rule(key=KEYS, expected=VALUES | st.just(ABSENT), desired=VALUES | st.just(ABSENT))
    def compare_and_set(self, key, expected, desired):
        holds = self.theirs.get(key, ABSENT) == expected
        if holds and desired is not ABSENT:
            self.theirs[key] = desired
        elif holds:
            self.theirs.pop(key, None)
        assert self.ours.compare_and_set(key, expected, desired) is holds

    @rule(key=KEYS, default=VALUES)
    def update_key(self, key, default):
        self.theirs[key] = self.theirs.get(key, default) + 1
        assert self.ours.update(key, lambda value: value + 1, default) == self.theirs[key]

    @rule(key=KEYS, value=VALUES)
    def get_or_create(self, key, value):
        expected = self.theirs.setdefault(key, value)
        assert self.ours.get_or_create(key, lambda: value) == expected

    @rule()
    def pop_item(self):
        if not self.theirs:
            return
        key, value = self.ours.popitem()
        assert self.theirs.pop(key) == value

    @rule()
    def clear(self):
        self.both(lambda d: d.clear())

    @invariant()
    def same(self):
        assert len(self.ours) == len(self.theirs)
        assert self.ours.snapshot() == self.theirs
        kinds = sorted((repr(key), type(key).__name__) for key in self.theirs)
        assert sorted((repr(key), type(key).__name__) for key in self.ours) == kinds


TestDict = pytest.mark.slow(DictMachine.TestCase)
TestDict.settings = settings(max_examples=40, stateful_step_count=30)
