# SPDX-License-Identifier: Apache-2.0
"""ConcurrentDict with one thread: a mapping like dict, with steps that dict does not have."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
import weakref
from collections.abc import MutableMapping

import pytest
from cogway.sync import ABSENT, ConcurrentDict


class Awkward:
    """Equal to others of its name, and runs code of ours whenever it is compared."""

    def __init__(self, name, action=lambda: None, number=7):
        self.name = name
        self.action = action
        self.number = number

    def __hash__(self):
        return self.number

    def __eq__(self, other):
        self.action()
        return isinstance(other, Awkward) and self.name == other.name


def test_is_a_mutable_mapping():
    assert isinstance(ConcurrentDict(), MutableMapping)
    wanted = [*MutableMapping.__abstractmethods__, "__contains__", "__eq__"]
    wanted += [name for name in dir(MutableMapping) if not name.startswith("_")]
    assert [name for name in wanted if not hasattr(ConcurrentDict, name)] == []


def test_is_made_as_dict_is():
    expected = {"a": 1, "b": 2}
    assert ConcurrentDict(expected) == expected
    assert ConcurrentDict(expected.items()) == expected
    assert ConcurrentDict(ConcurrentDict(expected)) == expected
    assert ConcurrentDict(a=1, b=2) == expected
    assert ConcurrentDict({"a": 0}, a=1, b=2) == expected
    with pytest.raises(ValueError, match="element #1 has length 3"):
        ConcurrentDict([(1, 2), (1, 2, 3)])
    with pytest.raises(TypeError, match="element #0"):
        ConcurrentDict([1])


def test_keys_are_those_of_dict():
    keys = [
        0,
        -1,
        -2,
        2**61 - 1,
        2**61 - 2,
        2**61,
        -(2**61),
        2**200,
        1.0,
        1.5,
        True,
        "1",
        b"1",
        (1,),
    ]
    ours, theirs = ConcurrentDict(), {}
    for number, key in enumerate(keys):
        ours[key] = number
        theirs[key] = number
    assert ours == theirs
    assert [ours[key] for key in keys] == [theirs[key] for key in keys]
    assert all(key in ours for key in keys)
    assert 2**61 + 1 not in ours
    nan = float("nan")
    ours[nan] = "found by identity"
    assert nan in ours
    assert float("nan") not in ours


def test_a_key_stays_the_first_of_its_equals():
    shared = ConcurrentDict({1: "int"})
    shared[1.0] = "float"
    assert [type(key) for key in shared] == [int]
    del shared[True]
    shared[1.0] = "float"
    assert [type(key) for key in shared] == [float]


def test_missing_keys_raise_key_error_with_the_key():
    shared = ConcurrentDict()
    for key in ["a", (1, 2), ()]:
        for attempt in (shared.__getitem__, shared.__delitem__, shared.pop):
            with pytest.raises(KeyError) as caught:
                attempt(key)
            assert caught.value.args == (key,)
    with pytest.raises(KeyError, match="empty"):
        shared.popitem()


def test_unhashable_keys_are_refused_everywhere():
    shared = ConcurrentDict()
    attempts = [
        lambda key: shared[key],
        lambda key: shared.__setitem__(key, 1),
        lambda key: shared.__delitem__(key),
        lambda key: key in shared,
        lambda key: shared.get(key),
        lambda key: shared.pop(key, None),
        lambda key: shared.setdefault(key),
        lambda key: shared.update(key, lambda value: value, 0),
        lambda key: shared.compare_and_set(key, ABSENT, 1),
        lambda key: shared.get_or_create(key, list),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="unhashable"):
            attempt([])
    assert len(shared) == 0


def test_views_are_live_and_iterate_one_moment():
    shared = ConcurrentDict(a=1)
    keys, values, items = shared.keys(), shared.values(), shared.items()
    shared["b"] = 2
    assert set(keys) == {"a", "b"}
    assert sorted(values) == [1, 2]
    assert set(items) == {("a", 1), ("b", 2)}
    assert ("a", 1) in items
    assert 2 in values
    assert keys & {"a"} == {"a"}
    for key in shared:
        del shared[key]
    assert not shared
    assert list(items) == []


def test_update_is_that_of_mutable_mapping_with_at_most_one_argument():
    shared = ConcurrentDict()
    shared.update()
    shared.update({"a": 1})
    shared.update([("b", 2)])
    shared.update(c=3, default=4)
    shared.update({"a": 5}, b=6)
    assert shared == {"a": 5, "b": 6, "c": 3, "default": 4}
    with pytest.raises(TypeError, match="4 arguments given"):
        shared.update(1, 2, 3, 4)


def test_update_of_a_key_is_one_step():
    shared = ConcurrentDict(n=1)
    assert shared.update("n", lambda value: value + 1) == 2
    assert shared["n"] == 2
    assert shared.update("m", lambda value: value + 1, 10) == 11
    with pytest.raises(KeyError, match="absent"):
        shared.update("absent", lambda value: value)
    with pytest.raises(TypeError, match="fn must be callable"):
        shared.update("n", 3)
    with pytest.raises(ZeroDivisionError):
        shared.update("n", lambda value: value // 0)
    assert shared["n"] == 2


def test_update_begins_again_when_the_value_changed_meanwhile():
    shared = ConcurrentDict(n=1)
    seen = []

    def change(value):
        seen.append(value)
        if len(seen) == 1:
            shared["n"] = 100
        return value + 1

    assert shared.update("n", change) == 101
    assert seen == [1, 100]


def test_compare_and_set():
    shared = ConcurrentDict()
    assert not shared.compare_and_set("a", 1, 2)
    assert shared.compare_and_set("a", ABSENT, ABSENT)
    assert shared.compare_and_set("a", ABSENT, 1000)
    assert not shared.compare_and_set("a", ABSENT, 2)
    assert not shared.compare_and_set("a", ABSENT, ABSENT)
    assert shared.compare_and_set("a", int("1000"), 2)  # equal is enough
    assert not shared.compare_and_set("a", 1000, 3)
    assert shared == {"a": 2}
    assert shared.compare_and_set("a", 2, ABSENT)
    assert shared == {}
    assert repr(ABSENT) == "ABSENT"
    assert pickle.loads(pickle.dumps(ABSENT)) is ABSENT


def test_get_or_create_makes_once():
    shared = ConcurrentDict()
    made = shared.get_or_create("a", list)
    assert shared.get_or_create("a", list) is made
    assert shared["a"] is made
    with pytest.raises(ZeroDivisionError):
        shared.get_or_create("b", lambda: 1 // 0)
    assert "b" not in shared
    assert shared.get_or_create("b", lambda: 5) == 5
    with pytest.raises(TypeError, match="a key and a callable"):
        shared.get_or_create("c", 5)


def test_get_or_create_from_within_its_own_factory_is_refused():
    shared = ConcurrentDict()
    with pytest.raises(RuntimeError, match="asked for the same key"):
        shared.get_or_create("a", lambda: shared.get_or_create("a", list))
    assert shared.get_or_create("a", lambda: shared.get_or_create("b", lambda: 1) + 1) == 2


def test_get_or_create_waiters_get_what_the_first_made():
    shared = ConcurrentDict()
    entered, proceed = threading.Event(), threading.Event()
    calls, results = [], []

    def factory():
        calls.append(1)
        entered.set()
        proceed.wait()
        return object()

    def work():
        results.append(shared.get_or_create("a", factory))

    threads = [threading.Thread(target=work) for _ in range(4)]
    threads[0].start()
    entered.wait()
    for thread in threads[1:]:
        thread.start()
    proceed.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(set(map(id, results))) == 1


def test_comparisons_may_change_the_mapping():
    shared = ConcurrentDict()

    def grow():
        for number in range(50):
            shared[f"n{number}"] = number

    first = Awkward("first")
    for action in (grow, shared.clear, lambda: shared.pop(first, None)):
        shared.clear()
        shared[first] = 1
        first.action = action
        shared.get(Awkward("second"))
        shared[Awkward("third")] = 3
        assert shared[Awkward("third")] == 3
        first.action = lambda: None
        gc.collect()


def test_an_exception_of_a_comparison_is_raised_and_changes_nothing():
    shared = ConcurrentDict()
    shared[Awkward("first", lambda: 1 // 0)] = 1
    other = Awkward("second")
    attempts = [
        lambda: shared[other],
        lambda: shared.__setitem__(other, 2),
        lambda: shared.pop(other, None),
        lambda: other in shared,
        lambda: shared.setdefault(other, 2),
    ]
    for attempt in attempts:
        with pytest.raises(ZeroDivisionError):
            attempt()
    assert len(shared) == 1


def test_what_is_dropped_may_change_the_mapping():
    shared = ConcurrentDict()

    class Dropped:
        def __del__(self):
            shared["dropped"] = shared.get("dropped", 0) + 1

    shared["a"] = Dropped()
    shared["a"] = Dropped()
    del shared["a"]
    assert shared["dropped"] == 2
    shared["b"] = Dropped()
    shared.clear()
    assert shared == {"dropped": 1}


def test_references_are_neither_lost_nor_kept():
    shared = ConcurrentDict()
    key, value = ("key",), ["value"]
    before = sys.getrefcount(key), sys.getrefcount(value)
    for _ in range(3):
        shared[key] = value
        shared[("key",)] = value
        shared.setdefault(key, value)
        shared.get(key)
        shared.update(key, lambda old: old)
        shared.compare_and_set(key, value, value)
        shared.get_or_create(key, list)
        list(shared.items())
        shared.snapshot()
        del shared[key]
        shared.setdefault(key, value)
        shared.pop(key)
        shared[key] = value
        shared.popitem()
        shared[key] = value
        shared.clear()
    gc.collect()
    assert (sys.getrefcount(key), sys.getrefcount(value)) == before


def test_cycles_are_collected():
    class Node:
        pass

    node = Node()
    shared = ConcurrentDict()
    shared[node] = shared
    node.shared = shared
    witnesses = weakref.ref(node), weakref.ref(shared)
    del node, shared
    gc.collect()
    assert [witness() for witness in witnesses] == [None, None]


def test_repr_pickle_and_comparison():
    shared = ConcurrentDict(a=1)
    assert repr(shared) == "ConcurrentDict({'a': 1})"
    shared["self"] = shared
    assert "'self': ConcurrentDict(...)" in repr(shared)
    del shared["self"]
    again = pickle.loads(pickle.dumps(shared))
    assert type(again) is ConcurrentDict
    assert again == shared == {"a": 1}
    assert shared != {"a": 2}
    assert shared != [("a", 1)]
    with pytest.raises(TypeError, match="unhashable"):
        hash(shared)
    assert ConcurrentDict[str, int].__origin__ is ConcurrentDict


def test_subclasses_behave():
    class Counting(ConcurrentDict):
        def __init__(self, *args, **kwargs):
            super().__init__()
            self.note = "kept"

    counting = Counting({"a": 1})
    assert counting == {"a": 1}
    assert counting.note == "kept"
    assert repr(counting) == "Counting({'a': 1})"


def test_matches_as_a_mapping():
    match ConcurrentDict(kind="a", rest=1):
        case {"kind": kind}:
            assert kind == "a"
        case _:
            pytest.fail("not taken for a mapping")
