# SPDX-License-Identifier: Apache-2.0
"""critical_section in trouble: misuse, signals, forks, and whose objects it keeps."""

import asyncio
import gc
import select
import signal
import sys
import threading
import weakref

import pytest
from boxes import WAIT_S, boxes, is_free, together
from cogway.sync import critical_section


def test_misuse_is_told_and_leaves_nothing_locked():
    one, other = boxes(2)
    first, second = critical_section(one), critical_section(one, other)
    with pytest.raises(RuntimeError, match="not in"):
        first.__exit__(None, None, None)
    first.__enter__()
    with pytest.raises(RuntimeError, match="not in"):
        together(lambda: first.__exit__(None, None, None))
    second.__enter__()
    with pytest.raises(RuntimeError, match="before one"):
        first.__exit__(None, None, None)
    # The inner section goes on, with the lock of the outer one.
    changed = threading.Thread(target=lambda: critical_section(one).__enter__() or one.add())
    changed.start()
    select.select([], [], [], 0)
    assert one.value == 0
    second.__exit__(None, None, None)
    changed.join()
    assert one.value == 1
    assert is_free(one, other)  # that thread ended in its section
    for wrong in [(), (1, 2, 3)]:
        with pytest.raises(TypeError, match="one or two"):
            critical_section(*wrong)
        with pytest.raises(TypeError, match="one or two"):
            critical_section.__new__(critical_section, *wrong)
    with pytest.raises(TypeError, match="keyword"):
        critical_section(a=one)


def test_tasks_that_hold_it_across_await_are_told():
    one, other = boxes(2)

    async def hold(box, entered, over):
        with critical_section(box):
            entered.set()
            await over.wait()

    async def main():
        events = [asyncio.Event() for _ in range(4)]
        first = asyncio.create_task(hold(one, *events[:2]))
        await events[0].wait()
        second = asyncio.create_task(hold(other, *events[2:]))
        await events[2].wait()
        events[1].set()
        with pytest.raises(RuntimeError, match="before one"):
            await first
        events[3].set()
        await second

    asyncio.run(main())
    assert is_free(one, other)


def test_ctrl_c_ends_waiting_and_the_outer_section_is_held():
    outer, inner = boxes(2)
    held, over = threading.Event(), threading.Event()
    main = threading.get_ident()

    def hold_inner():
        with critical_section(inner):
            held.set()
            over.wait(WAIT_S)

    def visit():
        with critical_section(outer):
            signal.pthread_kill(main, signal.SIGINT)
            outer.add()
            outer.add()

    holder, visitor = threading.Thread(target=hold_inner), threading.Thread(target=visit)
    holder.start()
    assert held.wait(WAIT_S)
    with critical_section(outer):
        visitor.start()
        try:
            with critical_section(inner):
                pytest.fail("somebody else is in it")
        except KeyboardInterrupt:
            assert outer.value == 2  # the visitor has left
    over.set()
    holder.join()
    visitor.join()
    assert is_free(outer, inner)


def test_a_signal_handler_may_enter_sections():
    outer, inner = boxes(2)
    held, over = threading.Event(), threading.Event()
    main = threading.get_ident()

    def handle(*_):
        with critical_section(outer):
            outer.add()
        over.set()

    def hold_inner():
        with critical_section(inner):
            held.set()
            over.wait(WAIT_S)

    def visit():
        with critical_section(outer):  # main waits, having given it up
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    holder, visitor = threading.Thread(target=hold_inner), threading.Thread(target=visit)
    try:
        holder.start()
        assert held.wait(WAIT_S)
        with critical_section(outer):
            visitor.start()
            with critical_section(inner):
                assert over.is_set()
        holder.join()
        visitor.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert outer.value == 1
    assert is_free(outer, inner)


def test_it_keeps_its_objects_and_lets_go_of_them():
    box, other = boxes(2)
    counts = sys.getrefcount(box), sys.getrefcount(other)
    section = critical_section(box, other)
    with section:
        assert sys.getrefcount(box) == counts[0] + 1
    del section
    for _ in range(100):
        with critical_section(box, other):
            pass
    assert (sys.getrefcount(box), sys.getrefcount(other)) == counts
    box.section = critical_section(box)  # a cycle
    gone = weakref.ref(box)
    del box
    gc.collect()
    assert gone() is None


def test_a_forked_child_is_in_the_sections_of_the_forking_thread_alone(script):
    script(
        """
        import os, threading, warnings
        from cogway.sync import critical_section
        warnings.simplefilter("ignore", DeprecationWarning)
        mine, theirs = [], []
        held, over = threading.Event(), threading.Event()
        def hold():
            with critical_section(theirs):
                held.set()
                over.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        seen = []
        def follow():
            with critical_section(mine):
                seen.extend(mine)
        with critical_section(mine):
            child = os.fork()
            if child == 0:
                with critical_section(theirs):
                    follower = threading.Thread(target=follow)
                    follower.start()
                    mine.append(1)
        if child == 0:
            follower.join()
            os._exit(0 if seen == [1] else 1)
        over.set()
        thread.join()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """
    )
