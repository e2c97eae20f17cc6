# SPDX-License-Identifier: Apache-2.0
"""Scheduling of threads: what is granted is told, what lacks privilege is no error."""

import os
import threading

import cogway
import pytest
from cogway import ThreadSchedule, schedule_thread


@pytest.fixture
def idle_thread():
    """A thread that waits for the end of the test."""
    over, ready = threading.Event(), threading.Event()

    def body():
        ready.set()
        over.wait()

    thread = threading.Thread(target=body)
    thread.start()
    ready.wait()
    yield thread
    over.set()
    thread.join()


@pytest.fixture
def unprivileged(monkeypatch):
    """As for a user without CAP_SYS_NICE: the kernel refuses, and changes nothing."""

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)


def test_it_tells_how_a_thread_is_scheduled(idle_thread):
    mine = schedule_thread()
    assert mine.thread_id == threading.get_native_id()
    assert mine.cpus == os.sched_getaffinity(0)
    assert (mine.policy, mine.priority, mine.refused) == ("other", 0, ())
    assert schedule_thread(idle_thread).thread_id == idle_thread.native_id
    assert schedule_thread(idle_thread.native_id) == schedule_thread(idle_thread)


def test_processors_and_humility_take_no_privilege(idle_thread):
    one = min(os.sched_getaffinity(0))
    before = schedule_thread()
    granted = schedule_thread(idle_thread, cpus=[one], nice=19, policy="batch")
    assert granted == ThreadSchedule(idle_thread.native_id, "batch", 0, 19, frozenset([one]))
    assert schedule_thread(idle_thread) == granted
    assert schedule_thread() == before  # of that thread alone


@pytest.mark.parametrize("policy", ["fifo", "round_robin"])
def test_real_time_is_granted_or_refused_and_never_raises(idle_thread, policy):
    granted = schedule_thread(idle_thread, policy=policy, priority=3)
    if granted.refused:
        assert (granted.policy, granted.refused) == ("other", ("policy",))
    else:
        assert (granted.policy, granted.priority) == (policy, 3)


def test_without_privilege_the_rest_is_granted(idle_thread, unprivileged):
    one = min(os.sched_getaffinity(0))
    granted = schedule_thread(idle_thread, policy="fifo", priority=1, nice=-5, cpus={one})
    assert granted.refused == ("policy", "nice")
    assert (granted.policy, granted.cpus) == ("other", frozenset([one]))


def test_a_processor_that_is_not_there_is_refused(idle_thread):
    assert schedule_thread(idle_thread, cpus=[100_000]).refused == ("cpus",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": "realtime"},
        {"policy": "fifo"},
        {"policy": "fifo", "priority": 0},
        {"policy": "fifo", "priority": 100},
        {"policy": "batch", "priority": 1},
        {"priority": 1},
        {"nice": -21},
        {"nice": 20},
        {"cpus": []},
        {"cpus": [-1]},
    ],
)
def test_what_no_system_grants_is_an_error(wrong):
    before = schedule_thread()
    with pytest.raises(ValueError, match=r"must be|goes with|must name"):
        schedule_thread(**wrong)
    assert schedule_thread() == before


def test_a_thread_that_does_not_run_is_an_error(idle_thread):
    with pytest.raises(ProcessLookupError):
        schedule_thread(threading.Thread())
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    with pytest.raises(ProcessLookupError, match="does not run"):
        schedule_thread(ended)


def test_the_workers_of_a_class():
    with cogway.Engine(native_workers=2, background_workers=1) as engine:
        one = min(os.sched_getaffinity(0))
        foreground = engine.schedule_workers(cpus=[one], nice=7)
        assert [(each.nice, each.cpus) for each in foreground] == [(7, {one})] * 2
        (background,) = engine.schedule_workers("background")
        assert background.policy in ("batch", "idle")  # the engine's own choice
        assert background.nice == 19
        with pytest.raises(ValueError, match="worker_class"):
            engine.schedule_workers("middle")
        assert engine.c_spawn("core.noop").result(30) is None


def test_workers_that_come_later():
    with cogway.Engine(native_workers=1, background_workers=1) as engine:
        engine.schedule_workers(nice=7)
        engine.schedule_workers(policy="batch")  # beside the niceness asked for before
        engine.resize(native=3)
        now = engine.schedule_workers()
        assert [(each.nice, each.policy) for each in now] == [(7, "batch")] * 3
        told = [each for each in engine.statistics().workers if each.worker_class == "foreground"]
        assert [(each.nice, each.policy) for each in told] == [(7, "batch")] * 3
        assert [each.nice for each in engine.schedule_workers("background")] == [19]


def test_the_workers_of_a_parent_are_not_a_childs(script):
    script("""
        import os, cogway
        with cogway.Engine(native_workers=1) as engine:
            child = os.fork()
            if child == 0:
                try:
                    engine.schedule_workers(nice=19)
                except cogway.EngineClosed as error:
                    os._exit(0 if "parent process" in str(error) else 2)
                os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert engine.schedule_workers()[0].nice == 0
    """)


def test_a_worker_in_the_place_of_one_that_was_given_up(deaf):
    with cogway.Engine(native_workers=1, background_workers=1, grace=0.01) as engine:
        (first,) = engine.schedule_workers(nice=7)
        stuck = engine.c_spawn("deaf.wait")
        while not stuck.running():
            os.sched_yield()
        stuck.cancel()
        assert engine.c_spawn("core.noop").result(60) is None  # on the new one
        assert engine.statistics().abandoned_workers == 1
        new = engine.schedule_workers()[0]
        assert new.nice == 7
        assert new.thread_id != first.thread_id
        engine.c_spawn("deaf.release").result(60)


def test_real_time_workers_do_not_spin_for_long(monkeypatch):
    with cogway.Engine(native_workers=1, spin=1.0) as engine:
        before = engine.schedule_workers()
        with pytest.raises(ValueError, match="must not spin for 1 s"):
            engine.schedule_workers(policy="fifo", priority=1)
        assert engine.schedule_workers() == before
        engine.schedule_workers(nice=1)  # it may be as humble as it likes
    monkeypatch.setenv("COGWAY_SPIN_NS", "60000")
    with (
        cogway.Engine(native_workers=1) as engine,
        pytest.raises(ValueError, match="must not spin"),
    ):
        engine.schedule_workers(policy="round_robin", priority=1)
    monkeypatch.delenv("COGWAY_SPIN_NS")
    with cogway.Engine(native_workers=1) as engine:
        (granted,) = engine.schedule_workers(policy="fifo", priority=1)
        assert granted.policy == "fifo" or granted.refused == ("policy",)
        assert engine.c_spawn("core.noop").result(30) is None
