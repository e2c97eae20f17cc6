# SPDX-License-Identifier: Apache-2.0
"""ConcurrentDeque against collections.deque, and under many threads."""

import copy
import gc
import pickle
import threading
import weakref
from collections import deque

import pytest
from cogway.sync import ConcurrentDeque
from hypothesis import given
from hypothesis import strategies as st

small = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.sampled_from(["append", "appendleft", "remove", "rotate"]), small),
    st.tuples(st.sampled_from(["extend", "extendleft"]), st.lists(small, max_size=4)),
    st.tuples(st.sampled_from(["pop", "popleft", "clear"])),
)


@given(st.lists(small, max_size=12), st.one_of(st.none(), st.integers(0, 5)), st.lists(steps))
def test_it_answers_as_the_standard_one(items, maxlen, calls):
    ours, theirs = ConcurrentDeque(items, maxlen), deque(items, maxlen)

    def step(target, name, *arguments):
        try:
            return getattr(target, name)(*arguments)
        except (IndexError, ValueError) as error:
            return type(error)

    for call in calls:
        assert step(ours, *call) == step(theirs, *call)
        assert list(ours) == list(theirs) == ours.snapshot()
        assert list(reversed(ours)) == list(reversed(theirs))
        assert len(ours) == len(theirs)
        assert bool(ours) == bool(theirs)
        for i in range(-len(theirs), len(theirs)):
            assert ours[i] == theirs[i]
        assert (3 in ours) == (3 in theirs)
    assert ours.maxlen == maxlen


def test_ends_may_be_looked_at():
    d = ConcurrentDeque("abc")
    assert (d.peekleft(), d.peek(), len(d)) == ("a", "c", 3)
    d.clear()
    for look in (d.peek, d.peekleft, d.pop, d.popleft, lambda: d[0]):
        with pytest.raises(IndexError):
            look()
    with pytest.raises(ValueError, match="maxlen"):
        ConcurrentDeque(maxlen=-1)
    with pytest.raises(TypeError):
        hash(d)


def test_copies_comparisons_and_text():
    d = ConcurrentDeque([1, 2], 5)
    for other in (copy.copy(d), pickle.loads(pickle.dumps(d))):
        assert other == d
        assert other is not d
        assert other.maxlen == 5
    assert d < ConcurrentDeque([1, 3])
    assert d != [1, 2]
    assert repr(d) == "ConcurrentDeque([1, 2])"
    d.append(d)
    assert repr(d) == "ConcurrentDeque([1, 2, ConcurrentDeque([...])])"
    d.extend(d)
    assert len(d) == 5


def test_an_equality_that_changes_it():
    d = ConcurrentDeque()

    class Meddler:
        def __eq__(self, other):
            if len(d) > 1:
                d.popleft()
            return True

        __hash__ = None

    d.extend([1, 2, 3, Meddler()])
    d.remove(Meddler())
    assert len(d) < 4


def test_iterating_is_never_disturbed():
    d = ConcurrentDeque(range(5))
    seen = []
    for item in d:
        seen.append(item)
        d.append(item)
    assert seen == list(range(5))
    assert len(d) == 10


def test_threads_lose_and_double_nothing():
    d = ConcurrentDeque()
    taken = [[] for _ in range(2)]
    over = threading.Event()

    def put(first):
        for item in range(first, 400, 4):
            d.append(item)
            d.appendleft(item + 2)

    def take(own):
        while True:
            last = over.is_set()
            try:
                own.append(d.pop() if len(own) % 2 else d.popleft())
            except IndexError:
                if last:
                    return

    putters = [threading.Thread(target=put, args=(first,)) for first in (0, 1)]
    takers = [threading.Thread(target=take, args=(own,)) for own in taken]
    for thread in putters + takers:
        thread.start()
    for thread in putters:
        thread.join()
    over.set()
    for thread in takers:
        thread.join()
    assert sorted(taken[0] + taken[1]) == list(range(400))


def test_cycles_are_collected():
    class Thing:
        pass

    thing = Thing()
    thing.d = ConcurrentDeque([thing])
    gone, d_gone = weakref.ref(thing), weakref.ref(thing.d)
    del thing
    gc.collect()
    assert gone() is None
    assert d_gone() is None
