# SPDX-License-Identifier: Apache-2.0
"""Atomic numbers against Python's own: every operator, the edges of the type, and many threads."""

import gc
import math
import operator
import struct
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import cogway
import pytest
from cogway.sync import (
    AtomicBool,
    AtomicFlag,
    AtomicFloat64,
    AtomicInt64,
    AtomicReference,
    AtomicUInt64,
)
from hypothesis import given
from hypothesis import strategies as st

LIMITS = {AtomicInt64: (-(2**63), 2**63 - 1), AtomicUInt64: (0, 2**64 - 1)}
EDGES = [0, 1, -1, 2, 7, -7, 2**31, 2**62, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 2**64, -(2**70)]
any_int = st.one_of(st.sampled_from(EDGES), st.integers(-(2**66), 2**66), st.integers(-9, 9))
kinds = pytest.mark.parametrize("kind", [AtomicInt64, AtomicUInt64])

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    divmod, operator.and_, operator.or_, operator.xor, operator.eq, operator.ne, operator.lt,
    operator.le, operator.gt, operator.ge,
]  # fmt: skip
IN_PLACE = [
    operator.iadd, operator.isub, operator.imul, operator.ifloordiv, operator.imod, operator.iand,
    operator.ior, operator.ixor,
]  # fmt: skip
UNARY = [
    operator.neg, operator.pos, operator.abs, operator.invert, bool, int, float, operator.index,
    str, hex, math.sqrt,
]  # fmt: skip


def clamp(kind, value):
    low, high = LIMITS[kind]
    return min(max(value, low), high)


def outcome(fn, *arguments):
    """What a call gives, or the type of what it raises."""
    try:
        return fn(*arguments)
    except (ArithmeticError, TypeError, ValueError) as error:
        return type(error)


@kinds
@pytest.mark.parametrize("operation", BINARY)
def test_binary_operators_are_pythons(kind, operation):
    @given(any_int, st.one_of(any_int, st.floats(), st.booleans()))
    def check(left, right):
        left = clamp(kind, left)
        expected = outcome(operation, left, right)
        assert repr(outcome(operation, kind(left), right)) == repr(expected)
        reverse = outcome(operation, right, left)
        assert repr(outcome(operation, right, kind(left))) == repr(reverse)

    check()


@kinds
@pytest.mark.parametrize("operation", UNARY)
def test_unary_operators_are_pythons(kind, operation):
    @given(any_int)
    def check(value):
        value = clamp(kind, value)
        assert outcome(operation, kind(value)) == outcome(operation, value)

    check()


@kinds
@pytest.mark.parametrize("operation", IN_PLACE)
def test_in_place_operators_change_the_value_or_nothing(kind, operation):
    @given(any_int, any_int)
    def check(value, by):
        value = clamp(kind, value)
        atomic = kind(value)
        expected = outcome(operation, value, by)
        low, high = LIMITS[kind]
        result = outcome(operation, atomic, by)
        if isinstance(expected, int) and low <= expected <= high:
            assert result is atomic
            assert atomic.get() == expected
        else:
            assert result is (OverflowError if isinstance(expected, int) else expected)
            assert atomic.get() == value

    check()


@kinds
def test_shifts_and_powers(kind):
    atomic = kind(5)
    assert (atomic << 3, atomic >> 1, 2 << kind(2), atomic**2, 2**atomic) == (40, 2, 8, 25, 32)
    assert pow(atomic, 3, 7) == pow(5, 3, 7)
    atomic <<= 2
    atomic >>= 1
    atomic **= 3
    assert atomic == 1000
    with pytest.raises(OverflowError):
        atomic <<= 60
    with pytest.raises(ValueError, match="negative shift"):
        atomic <<= -1
    assert atomic.get() == 1000


@kinds
def test_an_atomic_integer_does_not_become_a_float(kind):
    atomic = kind(6)
    for operation, by in ((operator.itruediv, 4), (operator.iadd, 0.5), (operator.ipow, -1)):
        with pytest.raises(TypeError, match="float"):
            operation(atomic, by)
    with pytest.raises(TypeError):
        atomic.fetch_add("1")
    with pytest.raises(TypeError):
        kind(1.0)
    with pytest.raises(TypeError):
        kind(value=1)
    assert atomic.get() == 6


@kinds
def test_named_steps(kind):
    atomic = kind(12)
    assert atomic.exchange(6) == 12
    assert (atomic.fetch_add(3), atomic.fetch_sub(1), atomic.fetch_and(12)) == (6, 9, 8)
    assert (atomic.fetch_or(3), atomic.fetch_xor(1), atomic.get()) == (8, 11, 10)
    assert (atomic.fetch_max(7), atomic.fetch_max(20), atomic.fetch_min(30)) == (10, 10, 20)
    assert (atomic.fetch_min(4), atomic.incr(), atomic.decr()) == (20, 5, 4)
    assert atomic.compare_exchange(5, 1) == 4
    assert atomic.compare_exchange(4, 1) == 4
    assert atomic.compare_exchange(2**90, 1) == 1
    with pytest.raises(OverflowError):
        atomic.compare_exchange(1, 2**90)
    assert atomic.set(kind(8)) is None
    assert f"{atomic:>4x}" == "   8"
    assert repr(atomic) == f"{kind.__name__}(8)"


@kinds
def test_the_ends_of_the_range(kind):
    low, high = LIMITS[kind]
    top, bottom = kind(high), kind(low)
    for step in (top.incr, lambda: top.fetch_add(1), bottom.decr, lambda: bottom.fetch_sub(1)):
        with pytest.raises(OverflowError):
            step()
    for value in (low - 1, high + 1):
        for step in (kind, top.set, top.exchange, top.fetch_max):
            with pytest.raises(OverflowError):
                step(value)
    assert (top.get(), bottom.get()) == (high, low)
    assert top.wrapping_fetch_add(1) == high
    assert top.get() == low
    assert bottom.wrapping_fetch_sub(1) == low
    assert bottom.get() == high
    assert bottom.wrapping_fetch_add(2**64 + 1) == high
    assert bottom.get() == low


def test_what_does_not_fit_may_still_lead_somewhere():
    unsigned = AtomicUInt64(5)
    unsigned += -1
    assert unsigned.fetch_add(-4) == 4
    assert unsigned.get() == 0
    signed = AtomicInt64(-(2**63))
    signed += 2**63 + 5
    assert signed.get() == 5
    assert signed.fetch_and(2**64 + 4) == 5
    assert signed.get() == 4


def test_operands_may_be_atomics():
    one, two = AtomicInt64(10), AtomicUInt64(3)
    assert (one + two, one - two, two - one, one // two, one > two) == (13, 7, -7, 3, True)
    assert one * AtomicFloat64(0.5) == 5.0
    one += one
    assert one == 20
    one -= two
    assert one == 17
    assert [10, 11, 12][AtomicInt64(1)] == 11


def test_an_atomic_has_no_hash_and_no_copy():
    import copy

    for atomic in (AtomicInt64(), AtomicUInt64(), AtomicFloat64(), AtomicBool()):
        with pytest.raises(TypeError):
            hash(atomic)
        with pytest.raises(TypeError):
            copy.copy(atomic)


@pytest.mark.parametrize(
    "operation",
    [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
     operator.eq, operator.lt, operator.pow],
)  # fmt: skip
def test_float_operators_are_pythons(operation):
    @given(st.floats(), st.one_of(st.floats(), st.integers(-(2**70), 2**70)))
    def check(left, right):
        assert repr(outcome(operation, AtomicFloat64(left), right)) == repr(
            outcome(operation, left, right)
        )
        assert repr(outcome(operation, right, AtomicFloat64(left))) == repr(
            outcome(operation, right, left)
        )

    check()


def test_float_steps():
    atomic = AtomicFloat64(1)
    atomic += 2
    atomic *= 0.5
    atomic /= 3
    assert atomic.fetch_add(0.5) == 0.5
    assert atomic.fetch_sub(0.25) == 1.0
    assert (atomic.fetch_max(4), atomic.fetch_min(2), atomic.get()) == (0.75, 4.0, 2.0)
    assert (int(atomic), float(atomic), bool(atomic), -atomic, abs(atomic)) == (2, 2, True, -2, 2)
    with pytest.raises(ZeroDivisionError):
        atomic /= 0
    atomic.set(0.0)
    assert atomic.compare_exchange(-0.0, 1) == 0
    assert atomic.get() == 0
    atomic.set(math.nan)
    atomic += 1
    assert math.isnan(atomic.fetch_max(3))
    assert math.isnan(atomic.compare_exchange(math.nan, 5))
    assert atomic.get() == 5
    assert f"{atomic:.2f}" == "5.00"
    with pytest.raises(TypeError):
        atomic.set("1")


def test_bool_steps():
    assert AtomicFlag is AtomicBool
    atomic = AtomicBool()
    assert not atomic
    assert atomic.exchange("yes") is False
    assert atomic.compare_exchange(False, False) is True
    assert atomic.compare_exchange(True, False) is True
    assert atomic.get() is False
    atomic |= True
    atomic ^= False
    atomic &= True
    assert (atomic & False, atomic | False, atomic ^ True) == (False, True, False)
    assert (atomic.fetch_xor(True), atomic.fetch_or(True), atomic.fetch_and(False)) == (
        True,
        False,
        True,
    )
    assert atomic == False  # noqa: E712
    assert repr(atomic) == "AtomicBool(False)"


def test_reference_steps():
    first, second = object(), object()
    reference = AtomicReference(first)
    assert AtomicReference().get() is None
    assert reference.compare_exchange(second, first) is first
    assert reference.compare_exchange(first, second) is first
    assert reference.exchange(first) is second
    assert reference.get() is first
    before = sys.getrefcount(first)
    for _ in range(100):
        reference.set(first)
        reference.compare_exchange(first, first)
        reference.exchange(first)
    assert sys.getrefcount(first) == before
    assert repr(AtomicReference(5)) == "AtomicReference(5)"
    assert AtomicReference[int].__origin__ is AtomicReference


def test_a_cycle_through_a_reference_is_collected():
    class Node:
        pass

    node = Node()
    node.reference = AtomicReference(node)
    gone = weakref.ref(node)
    itself = AtomicReference()
    itself.set(itself)
    assert repr(itself) == "AtomicReference(AtomicReference(...))"
    del node, itself
    gc.collect()
    assert gone() is None


def test_what_a_reference_drops_may_use_it():
    reference = AtomicReference()

    class Last:
        def __del__(self):
            reference.set("from the finaliser")

    reference.set(Last())
    reference.set("next")
    gc.collect()
    assert reference.get() == "from the finaliser"


def test_a_word_in_a_buffer_is_the_same_word(engine):
    with engine.bus.lease(4, "int64") as buffer:
        one = AtomicInt64.in_buffer(buffer, 8)
        two = AtomicUInt64.in_buffer(buffer, offset=8)
        one.set(-1)
        assert two.get() == 2**64 - 1
        view = memoryview(buffer)
        assert view[1] == -1
        view[1] = 77
        assert one.incr() == 78
        view.release()
        with pytest.raises(BufferError):
            buffer.freeze()
        del one, two
        gc.collect()
        buffer.freeze()
        with pytest.raises(BufferError):
            AtomicInt64.in_buffer(buffer)


def test_a_word_may_lie_in_any_writable_memory():
    memory = bytearray(struct.pack("d", 1.5) + b"\x07" + bytes(7))
    number, flag = AtomicFloat64.in_buffer(memory), AtomicBool.in_buffer(memory, 8)
    number += 1
    assert flag.compare_exchange(True, False) is True
    assert memory == struct.pack("d", 2.5) + bytes(8)
    assert number.address + 8 == flag.address
    for offset in (12, 3, -1, 2**62):
        with pytest.raises(ValueError, match="in_buffer"):
            AtomicInt64.in_buffer(memory, offset)
    with pytest.raises(BufferError):
        AtomicInt64.in_buffer(bytes(8))
    with pytest.raises(TypeError):
        AtomicInt64.in_buffer(5)
    with pytest.raises(BufferError):
        memory.append(0)


def hammer(fn, threads=4):
    """Run a function in several threads that begin together; return the results."""
    gate = threading.Barrier(threads)

    def body(index):
        gate.wait()
        return fn(index)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(body, range(threads)))


def test_no_step_of_a_thread_is_lost():
    integer, real, flips = AtomicInt64(), AtomicFloat64(), AtomicBool()
    highest, product = AtomicInt64(), AtomicUInt64(1)

    def body(index):
        nonlocal integer, real, flips, product
        for turn in range(999):
            integer.incr()
            integer += 2
            real += 0.5
            flips ^= True
            highest.fetch_max(turn * 4 + index)
            product *= 3 if turn < 5 else 1

    hammer(body)
    assert integer == 4 * 999 * 3
    assert real == 4 * 999 * 0.5
    assert flips.get() is False
    assert highest == 998 * 4 + 3
    assert product == 3**20


def test_one_thread_wins_each_exchange():
    reference, numbers = AtomicReference(), AtomicInt64()
    tokens = [object() for _ in range(200)]

    def body(_):
        won = 0
        for i, token in enumerate(tokens):
            if numbers.compare_exchange(i, i + 1) == i:
                won += 1
                reference.set(token)
        return won

    assert sum(hammer(body)) == 200
    assert reference.get() in tokens


@pytest.mark.skipif(sys.version_info < (3, 13), reason="own-GIL interpreters need 3.13")
def test_two_interpreters_see_one_word():
    interpreters = pytest.importorskip("_interpreters")
    memory = bytearray(8)
    counter = AtomicInt64.in_buffer(memory)
    source = f"""
import ctypes
from cogway.sync import AtomicInt64
memory = (ctypes.c_int64 * 1).from_address({counter.address})
counter = AtomicInt64.in_buffer(memory)
for _ in range(500):
    counter.incr()
"""
    name = interpreters.create("isolated")
    try:
        thread = threading.Thread(target=interpreters.exec, args=(name, source))
        thread.start()
        for _ in range(500):
            counter.incr()
        thread.join()
    finally:
        interpreters.destroy(name)
    assert counter == 1000
    assert cogway.sync.AtomicInt64 is AtomicInt64
