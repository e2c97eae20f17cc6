# SPDX-License-Identifier: Apache-2.0
"""Mutex: one owner, known by thread."""

import signal
import threading

import pytest
from cogway.sync import Mutex


def in_thread(fn):
    answers = []

    def body():
        try:
            answers.append(fn())
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return answers[0]


def test_one_owner():
    mutex = Mutex()
    assert repr(mutex) == "<cogway.sync.Mutex, free>"
    with mutex as held:
        assert held is True
        assert mutex.locked()
        assert repr(mutex) == "<cogway.sync.Mutex, held>"
        with pytest.raises(RuntimeError, match="recursive"):
            mutex.acquire()
        assert in_thread(lambda: mutex.acquire(False)) is False
        assert in_thread(lambda: mutex.acquire(timeout=0)) is False
        assert in_thread(lambda: mutex.acquire(timeout=0.001)) is False
        assert isinstance(in_thread(mutex.release), RuntimeError)
    assert not mutex.locked()
    with pytest.raises(RuntimeError, match="does not hold"):
        mutex.release()
    assert mutex.acquire(timeout=1)
    mutex.release()
    with pytest.raises(ValueError, match="negative"):
        mutex.acquire(timeout=-2)
    with pytest.raises(TypeError):
        Mutex(1)


def test_a_mutex_that_is_held_may_be_dropped():
    mutex = Mutex()
    mutex.acquire()
    del mutex
    in_thread(Mutex().acquire)


def test_threads_exclude_each_other():
    mutex = Mutex()
    total = 0

    def body():
        nonlocal total
        for _ in range(300):
            with mutex:
                seen = total
                total = seen + 1

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == 1200


def test_ctrl_c_comes_through():
    mutex = Mutex()
    held, over = threading.Event(), threading.Event()
    main = threading.get_ident()

    def hold():
        with mutex:
            held.set()
            signal.pthread_kill(main, signal.SIGINT)
            over.wait(30)

    def body():
        thread.start()
        held.wait()
        mutex.acquire()

    thread = threading.Thread(target=hold)
    with pytest.raises(KeyboardInterrupt):
        body()
    over.set()
    thread.join()
    assert mutex.acquire(timeout=1)
    mutex.release()


def test_after_a_fork_it_is_the_forking_threads_or_refused(script):
    script(
        """
        import os, threading, warnings
        from cogway.sync import Mutex
        warnings.simplefilter("ignore", DeprecationWarning)
        mine, free, theirs = Mutex(), Mutex(), Mutex()
        mine.acquire()
        held, over = threading.Event(), threading.Event()
        def hold():
            with theirs:
                held.set()
                over.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            mine.release()
            assert mine.acquire(False) and free.acquire(False)
            try:
                theirs.acquire()
            except RuntimeError as error:
                os._exit(0 if "fork" in str(error) else 2)
            os._exit(1)
        over.set()
        thread.join()
        mine.release()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """
    )
