# SPDX-License-Identifier: Apache-2.0
"""Debug mode of locks: orders that can deadlock are told before anybody waits."""

import gc
import subprocess
import sys
import threading
import warnings

import pytest
from cogway.sync import (
    IntervalLock,
    Lock,
    LockOrderWarning,
    Mutex,
    RWLock,
    Semaphore,
    check_lock_order,
)


class Writing:
    """An RWLock, to write."""

    def __init__(self):
        self.lock = RWLock()

    def __enter__(self):
        return self.lock.acquire_write()

    def __exit__(self, *_):
        self.lock.release_write()


KINDS = [Lock, Mutex, IntervalLock, lambda: RWLock().read(), lambda: RWLock().write(), Writing]


@pytest.fixture(autouse=True)
def checking():
    before = check_lock_order(True)
    yield
    check_lock_order(before)


def in_thread(body):
    errors = []

    def run():
        try:
            body()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def nest(*locks):
    if locks:
        with locks[0]:
            nest(*locks[1:])


def test_it_is_off_unless_asked_for():
    assert check_lock_order(False) is True
    assert check_lock_order(False) is False
    first, second = Lock(), Lock()
    nest(first, second)
    nest(second, first)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_the_opposite_order_is_told_in_any_thread(make, other):
    first, second = make(), other()
    for _ in range(2):
        in_thread(lambda: nest(first, second))
    with pytest.raises(LockOrderWarning, match="can deadlock"):
        in_thread(lambda: nest(second, first))
    # As an error it was raised before the lock was taken, and what was held is given back.
    in_thread(lambda: nest(first, second))
    in_thread(lambda: nest(second))


def test_it_is_told_once_with_places_and_the_lock_is_taken():
    first, second = Lock(), Mutex()
    nest(first, second)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with second, first:
            assert first.locked()
            assert second.locked()
        nest(second, first)
    (warning,) = told
    assert warning.category is LockOrderWarning
    assert warning.filename == __file__
    text = str(warning.message)
    assert f"Lock {id(first):#x} is taken at {__file__}:" in text
    assert f"while Mutex {id(second):#x}, taken at {__file__}:" in text
    assert text.count(__file__) == 4


def test_a_cycle_over_several_locks_is_told():
    locks = [Lock() for _ in range(4)]
    for i in range(3):
        in_thread(lambda i=i: nest(locks[i], locks[i + 1]))
    nest(locks[0], locks[3])  # the same direction
    with pytest.raises(LockOrderWarning) as told:
        in_thread(lambda: nest(locks[3], locks[0]))
    assert str(told.value).count("is taken at") >= 2


def test_it_is_told_before_the_thread_waits():
    """The deadlock itself: each thread holds what the other wants."""
    first, second = Lock(), Lock()
    meet = threading.Barrier(2)
    told = []

    def body(mine, other):
        with mine:
            meet.wait()
            try:
                with other:
                    pass
            except LockOrderWarning as warning:
                told.append(warning)

    threads = [
        threading.Thread(target=body, args=locks) for locks in ((first, second), (second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == 1


def test_what_cannot_deadlock_is_not_told():
    first, second = Lock(), Lock()
    nest(first, second)
    with second:
        assert first.acquire(blocking=False)  # it never waits
        first.release()
    lock = RWLock()
    with lock.read(), lock.read():
        pass
    nest(first, lock.read(), Semaphore(1), second)
    nest(Semaphore(1), first)


def test_a_lock_may_be_given_back_by_another_thread():
    first, second = Lock(), Lock()
    first.acquire()
    in_thread(first.release)
    nest(second, first)  # first is no longer this thread's
    assert check_lock_order(True)


def test_a_lock_that_is_gone_is_forgotten():
    kept = Lock()
    for _ in range(50):
        lock = Lock()
        nest(kept, lock)
        del lock
        gc.collect()
        lock = Lock()  # at the same address, as like as not
        nest(lock, kept)
        nest(lock)
        check_lock_order(True)


def test_upgrading_and_ceding_are_no_new_lock():
    lock, other = RWLock(), Lock()
    with lock.read():
        with other:
            pass
        assert lock.upgrade()
        lock.downgrade()
    interval = IntervalLock()
    with interval:
        nest(other)
        interval.cede()
        interval.poll()


def test_debug_mode_has_it_on_from_the_start():
    code = "from cogway.sync import check_lock_order; print(check_lock_order(False))"
    for value, expected in (("1", "True"), ("0", "False"), ("", "False")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**__import__("os").environ, "COGWAY_DEBUG": value},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected
