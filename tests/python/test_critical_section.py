# SPDX-License-Identifier: Apache-2.0
"""critical_section: exclusion by object, never a deadlock, and what nesting gives up."""

import select
import threading

import pytest
from boxes import WAIT_S, Box, boxes, is_free, same_lock, together
from cogway.sync import critical_section
from hypothesis import given, settings
from hypothesis import strategies as st


def test_one_thread_at_a_time():
    box = Box()

    def body():
        for _ in range(100):
            with critical_section(box) as nothing:
                assert nothing is None
                box.add()

    together(*[body] * 6)
    assert box.value == 600


def test_it_is_held_across_calls_that_block():
    box = Box()
    inside, over = threading.Event(), threading.Event()

    def hold():
        with critical_section(box):
            inside.set()
            assert over.wait(WAIT_S)
            select.select([], [], [], 0)
            box.value = 1

    def follow():
        assert inside.wait(WAIT_S)
        over.set()
        with critical_section(box):
            assert box.value == 1

    together(hold, follow)


@pytest.mark.parametrize("swap", [False, True])
def test_two_objects_in_either_order(swap):
    one, other = boxes(2)

    def body(first, second):
        for _ in range(100):
            with critical_section(first, second):
                one.add()
                other.value = one.value

    def alone():
        for _ in range(100):
            with critical_section(other):
                assert one.value >= other.value

    pair = (other, one) if swap else (one, other)
    together(lambda: body(one, other), lambda: body(*pair), lambda: body(other, one), alone)
    assert one.value == other.value == 300


def test_two_objects_with_one_lock_and_one_object_twice():
    one, other = same_lock()
    with critical_section(one, other), critical_section(other, one), critical_section(one, one):
        one.add()
    assert is_free(one, other)


def test_a_thread_enters_again_what_it_is_in():
    one, other = boxes(2)
    section = critical_section(one)
    with section, section, critical_section(one, other), critical_section(other), section:
        one.add()
    assert is_free(one, other)
    with pytest.raises(RuntimeError, match="not in"):
        section.__exit__(None, None, None)


def test_nesting_in_either_order_never_ends_in_a_deadlock():
    all_boxes = boxes(3)

    def body(order):
        for _ in range(60):
            for at, box in enumerate(order):
                with critical_section(order[at - 1]), critical_section(box):
                    box.add()  # exclusive in the innermost section

    orders = [all_boxes, all_boxes[::-1], all_boxes[1:] + all_boxes[:1], all_boxes[::-1]]
    together(*[lambda order=order: body(order) for order in orders])
    assert [box.value for box in all_boxes] == [240] * 3


def test_whoever_has_to_wait_gives_up_the_outer_section_and_gets_it_again():
    outer, inner = boxes(2)
    inner_held, visited, in_inner = (threading.Event() for _ in range(3))

    def hold_inner():
        with critical_section(inner):
            inner_held.set()
            assert visited.wait(WAIT_S), "the outer section was not given up"

    def nest():
        assert inner_held.wait(WAIT_S)
        with critical_section(outer):
            outer.value = 1
            with critical_section(inner):
                in_inner.set()
            assert outer.value == 3  # it waited for the visitor to leave
            outer.value = 4

    def visit():
        while outer.value == 0:
            select.select([], [], [], 0)
        with critical_section(outer):
            assert outer.value == 1
            visited.set()
            assert in_inner.wait(WAIT_S)
            outer.value = 2
            select.select([], [], [], 0)
            outer.value = 3

    together(hold_inner, nest, visit)
    assert outer.value == 4


def test_an_exception_leaves_every_section():
    one, other = boxes(2)
    with pytest.raises(ZeroDivisionError), critical_section(one), critical_section(other, one):
        raise ZeroDivisionError
    assert is_free(one, other)


def test_methods_that_lock_for_themselves_work_in_the_body():
    table, row = {}, []

    def body():
        for number in range(200):
            with critical_section(table, row):
                table[number] = table.get(number, 0) + 1
                row.append(len(table))
                row.sort()

    together(*[body] * 3)
    assert table == dict.fromkeys(range(200), 3)
    assert len(row) == 600


@settings(max_examples=20)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4),
        min_size=2,
        max_size=4,
    )
)
def test_any_nesting_of_any_threads_is_exclusive_and_ends(programs):
    all_boxes = [Box() for _ in range(4)]

    def nest(program):
        if not program:
            return
        one, other = (all_boxes[at] for at in program[0])
        with critical_section(one, other):
            nest(program[1:])
            for box in {one, other}:
                box.add()

    together(*[lambda program=program: nest(program * 3) for program in programs])
    wanted = [0] * 4
    for program in programs:
        for pair in program * 3:
            for at in set(pair):
                wanted[at] += 1
    assert [box.value for box in all_boxes] == wanted
