# SPDX-License-Identifier: Apache-2.0
"""LocalWrapper does what the wrapped object does."""

import math
import operator

import pytest
from cogway.sync import AtomicInt64, LocalWrapper, Lock

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    divmod, pow, operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor,
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
]  # fmt: skip
IN_PLACE = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv,
    operator.imod, operator.ipow, operator.ilshift, operator.irshift, operator.iand, operator.ior,
    operator.ixor,
]  # fmt: skip
UNARY = [operator.neg, operator.pos, abs, operator.invert, bool, int, float, hash, str, math.floor]


@pytest.mark.parametrize("operation", BINARY)
def test_binary_operators(operation):
    assert operation(LocalWrapper(7), 3) == operation(7, 3)
    assert operation(7, LocalWrapper(3)) == operation(7, 3)
    assert operation(LocalWrapper(7), LocalWrapper(3)) == operation(7, 3)


@pytest.mark.parametrize("operation", IN_PLACE)
def test_in_place_it_stands_for_the_result(operation):
    wrapper = LocalWrapper(7)
    same = operation(wrapper, 3)
    assert same is wrapper
    assert wrapper.wrapped == operation(7, 3)


@pytest.mark.parametrize("operation", UNARY)
def test_unary_operators(operation):
    assert operation(LocalWrapper(7)) == operation(7)


def test_in_place_on_what_changes_itself():
    counter = AtomicInt64()
    wrapper = LocalWrapper(counter)
    wrapper += 2
    assert wrapper.wrapped is counter
    assert counter == 2
    assert wrapper.incr() == 3


def test_containers_and_iterators():
    table = {"a": 1}
    wrapper = LocalWrapper(table)
    wrapper["b"] = 2
    del wrapper["a"]
    assert table == {"b": 2} == wrapper
    assert (len(wrapper), "b" in wrapper, list(wrapper), wrapper["b"]) == (1, True, ["b"], 2)
    numbers = LocalWrapper(iter([1, 2]))
    assert [next(numbers), *numbers] == [1, 2]
    with pytest.raises(StopIteration):
        next(numbers)
    with pytest.raises(TypeError, match="iterator"):
        next(LocalWrapper(1))
    assert [10, 20][LocalWrapper(1)] == 20


def test_attributes_calls_and_blocks():
    class Thing:
        value = 1

        def __call__(self, *args, **kwargs):
            return args, kwargs

    thing = Thing()
    wrapper = LocalWrapper(thing)
    wrapper.value = 5
    assert thing.value == 5
    assert wrapper.value == 5
    del wrapper.value
    assert wrapper.value == 1
    assert wrapper(1, a=2) == ((1,), {"a": 2})
    with pytest.raises(AttributeError):
        wrapper.missing  # noqa: B018
    lock = Lock()
    with LocalWrapper(lock) as held:
        assert held is True
        assert lock.locked()
    assert not lock.locked()
    assert repr(LocalWrapper([1])) == "LocalWrapper([1])"
    assert f"{LocalWrapper(3):03d}" == "003"
    assert LocalWrapper(LocalWrapper(3)).wrapped == 3
    assert isinstance(LocalWrapper(3).wrapped, int)
