# SPDX-License-Identifier: Apache-2.0
"""Python workers that are processes: calls there and back, and every way in which one can end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading

import cogway
import pytest
import worker_calls
from cogway import Engine, Processes, WorkerLost
from cogway._processes import shipping


@pytest.fixture
def make():
    """Make an engine of worker processes, and see that it leaves nothing on its bus."""
    made = []

    def make_engine(workers=1, **options):
        engine = Engine(
            native_workers=1,
            background_workers=1,
            python_workers=workers,
            strategy=Processes(**options),
        )
        made.append(engine)
        return engine

    yield make_engine
    for engine in made:
        engine.close()


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _empty(engine):
    """Whether the bus holds the channels of its processes, and nothing else."""
    engine.worker_bus.reclaim()
    found = engine.worker_bus.statistics()
    channels = 2 * engine.statistics().python.processes
    return found.live_buffers == channels and not any(owner.buffers for owner in found.owners)


def test_calls_run_in_another_process_and_its_state_lasts(make):
    engine = make()
    assert engine.strategy == "processes"
    first = engine.spawn(worker_calls.pid).result()
    assert first != os.getpid()
    engine.spawn(worker_calls.remember, "key", 7).result()
    assert engine.spawn(worker_calls.recall, "key").result() == 7
    assert worker_calls.recall("key") is None
    assert engine.spawn(worker_calls.pid).result() == first


def test_two_workers_run_at_the_same_time(make):
    with make(2) as engine:
        calls = [
            engine.spawn(worker_calls.meet, "meet", *sides)
            for sides in (("left", "right"), ("right", "left"))
        ]
        assert [call.result() for call in calls] == [b"here", b"here"]
        found = engine.statistics().python
        assert (found.processes, found.processes_started, found.processes_lost) == (2, 2, 0)
    assert engine.statistics().python.processes == 0


def test_awaited_mapped_and_through_the_executor(make):
    async def main():
        async with make(2) as engine:
            assert await engine.spawn(worker_calls.identity, [1, {"a": (2,)}]) == [1, {"a": (2,)}]
            assert [each async for each in engine.map(pow, range(8), range(8), chunksize=3)] == [
                n**n for n in range(8)
            ]
            loop = asyncio.get_running_loop()
            with engine.executor() as executor:
                pid = await loop.run_in_executor(executor, worker_calls.pid)
                assert pid != os.getpid()
                assert list(executor.map(abs, [-1, -2])) == [1, 2]
                assert executor.submit(sorted, [2, 1], reverse=True).result() == [2, 1]

    asyncio.run(main())


def test_a_pipeline_stage_runs_there(make):
    with make(2) as engine:
        flow = cogway.Pipeline(engine).source(range(6)).python(worker_calls.pid)
        assert os.getpid() not in list(flow)
        batches = cogway.Pipeline(engine).source([b"ab", b"cd"]).native("core.copy").python(bytes)
        assert [each.value if hasattr(each, "value") else each for each in batches] == [
            b"ab",
            b"cd",
        ]


# --- Failures -------------------------------------------------------------------------------------


def test_an_exception_comes_with_its_traceback_there(make):
    engine = make()
    with pytest.raises(worker_calls.CallError, match="bad") as caught:
        engine.spawn(worker_calls.fail, worker_calls.CallError("bad")).result()
    assert isinstance(caught.value.__cause__, cogway.RemoteTraceback)
    assert "in fail\n    raise error" in str(caught.value.__cause__)
    assert "_processes" not in str(caught.value.__cause__)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_end_a_program_ends_the_call_alone(make, error):
    engine = make()
    pid = engine.spawn(worker_calls.pid).result()
    with pytest.raises(type(error)):
        engine.spawn(worker_calls.fail, error).result()
    assert engine.spawn(worker_calls.pid).result() == pid


def test_errors_of_the_system_and_time_outs_are_the_calls(make):
    engine = make(time_limit=60.0)
    pid = engine.spawn(worker_calls.pid).result()
    for error in (FileNotFoundError(2, "none"), TimeoutError("own")):
        with pytest.raises(type(error), match=error.args[-1]):
            engine.spawn(worker_calls.fail, error).result()
    assert engine.spawn(worker_calls.pid).result() == pid


@pytest.mark.parametrize("name", ["stubborn", "locked"])
def test_an_exception_that_cannot_travel_is_told(make, name):
    engine = make()
    with pytest.raises(cogway.CogwayError, match=f"raised {name.title()}Error") as caught:
        engine.spawn(worker_calls.fail_with, name).result()
    assert "in fail_with" in str(caught.value.__cause__)
    assert engine.spawn(abs, -1).result() == 1


def test_values_that_cannot_travel_fail_their_call_alone(make):
    engine = make()
    pid = engine.spawn(worker_calls.pid).result()
    with pytest.raises(TypeError, match="lock"):
        engine.spawn(worker_calls.identity, threading.Lock()).result()
    with pytest.raises(TypeError, match="lock"):
        engine.spawn(worker_calls.lock).result()
    assert engine.spawn(worker_calls.pid).result() == pid
    assert _empty(engine)


def test_more_than_the_bus_holds(make):
    engine = make(bus_bytes=2 << 20)
    with pytest.raises(cogway.BusExhausted):
        engine.spawn(len, b"x" * (3 << 20)).result()
    with pytest.raises(cogway.BusExhausted):
        engine.spawn(bytes, 3 << 20).result()
    assert engine.spawn(len, b"x" * (1 << 20)).result() == 1 << 20
    assert _empty(engine)


# --- Death ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [((worker_calls.kill,), "killed by SIGKILL"), ((worker_calls.leave, 3), "status 3")],
)
def test_a_death_fails_its_call_and_the_next_has_a_new_process(make, call, words):
    engine = make()
    pid = engine.spawn(worker_calls.pid).result()
    with pytest.raises(WorkerLost, match=f"{pid} .*{words}"):
        engine.spawn(*call).result()
    assert engine.spawn(worker_calls.pid).result() != pid
    found = engine.statistics().python
    assert (found.processes, found.processes_started, found.processes_lost) == (1, 2, 1)
    assert _empty(engine)


def test_a_process_that_died_between_calls_is_replaced(make):
    engine = make()
    pid = engine.spawn(worker_calls.pid).result()
    process = next(iter(engine._processes._alive.values())).process
    os.kill(pid, signal.SIGKILL)
    process.wait()
    assert engine.spawn(worker_calls.pid).result() != pid


def test_retries_run_a_call_again(make):
    engine = make(retries=1)
    line = engine.worker_bus.channel("fate")
    line.send(b"die")
    line.send(b"live")
    assert engine.spawn(worker_calls.kill_once, "fate").result() == "survived"
    assert engine.statistics().python.retried == 1
    line.send(b"die")
    line.send(b"die")
    with pytest.raises(WorkerLost):
        engine.spawn(worker_calls.kill_once, "fate").result()


def test_a_time_limit_kills(make):
    engine = make(time_limit=0.05, retries=5)
    pid = engine.spawn(worker_calls.pid).result()
    with pytest.raises(TimeoutError, match=r"time_limit=0\.05"):
        engine.spawn(worker_calls.tell_and_wait, "limit").result()
    assert not _alive(pid)


def test_recycling(make):
    engine = make(recycle_after=2)
    pids = [engine.spawn(worker_calls.pid).result() for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
    assert not _alive(pids[0])
    assert engine.statistics().python.processes_lost == 0


def test_an_initializer_runs_once_in_each(make):
    engine = make(initializer=worker_calls.remember, initargs=("key", "set"))
    assert engine.spawn(worker_calls.recall, "key").result() == "set"


def test_an_initializer_that_fails_fails_the_calls(make):
    engine = make(initializer=worker_calls.fail, initargs=(FileNotFoundError(2, "no licence"),))
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match="no licence") as caught:
            engine.spawn(abs, 1).result()
        assert "in fail" in str(caught.value.__cause__)
    assert engine.statistics().python.processes == 0


def test_an_initializer_that_kills_is_told(make):
    engine = make(initializer=worker_calls.leave, initargs=(9,))
    with pytest.raises(WorkerLost, match="could not start: it ended with status 9"):
        engine.spawn(abs, 1).result()


def test_closing_kills_an_initializer_that_does_not_return(make):
    engine = make(initializer=worker_calls.tell_and_wait, initargs=("told",))
    told = engine.worker_bus.channel("told")
    ticket = engine.spawn(abs, -1)
    pid = int(told.receive(30))
    del told
    engine.close(0.0)
    with pytest.raises(WorkerLost, match="could not start: it was killed by SIGKILL"):
        ticket.result()
    assert not _alive(pid)
    assert engine.statistics().python.processes == 0


def test_a_full_bus_is_waited_for(make):
    engine = make(2, bus_bytes=3 << 20)
    calls = [engine.spawn(len, bytes([n]) * (1 << 20)) for n in range(12)]
    assert [call.result() for call in calls] == [1 << 20] * 12
    held = engine.worker_bus.lease(2 << 20)
    ticket = engine.spawn(len, b"x" * (1 << 20))
    while not engine.worker_bus.statistics().owners[0].waiting:
        assert not ticket.done()
        os.sched_yield()
    held.release()
    assert ticket.result() == 1 << 20


def test_what_cannot_be_sent_whole_costs_its_process_not_the_next_call(make, monkeypatch):
    monkeypatch.setattr(shipping, "_PATIENCE", 0.0)
    engine = make(bus_bytes=2 << 20)
    pid = engine.spawn(worker_calls.pid).result()
    whole = engine.worker_bus.lease(1200_000)
    with memoryview(whole) as view:
        view[:] = b"w" * len(view)
    small = engine.worker_bus.copy(b"small")
    # Sent after the small one, and copied, as it is a part: there is no room for that.
    with pytest.raises(cogway.BusExhausted):
        engine.spawn(worker_calls.identity, [small, whole[1:]]).result()
    assert bytes(engine.spawn(worker_calls.identity, small).result()) == b"small"
    assert engine.spawn(worker_calls.pid).result() != pid


def test_closing_kills_what_does_not_return(make):
    engine = make()
    told = engine.worker_bus.channel("told")
    ticket = engine.spawn(worker_calls.tell_and_wait, "told")
    pid = int(told.receive(30))
    del told
    engine.close(0.0)
    with pytest.raises(WorkerLost, match="SIGKILL"):
        ticket.result()
    assert not _alive(pid)
    assert not engine._python.join(0)


def test_a_cancelled_call_ends_at_once_and_its_worker_when_it_has(make):
    engine = make()
    told = engine.worker_bus.channel("told")
    ticket = engine.spawn(worker_calls.tell_and_wait, "told")
    told.receive(30)
    assert ticket.cancel()
    assert ticket.cancelled()
    queued = engine.spawn(abs, -3)
    engine.worker_bus.channel("told-never").send(b"go on")
    assert queued.result() == 3


def test_resizing(make):
    engine = make(1)
    assert engine.spawn(abs, -1).result() == 1
    engine.resize(python=3)
    calls = [engine.spawn(worker_calls.meet, "pair", *s) for s in (("a", "b"), ("b", "a"))]
    assert [call.result() for call in calls] == [b"here"] * 2
    engine.resize(python=1)
    assert [engine.spawn(abs, -n).result() for n in range(4)] == list(range(4))
    with pytest.raises(ValueError, match="at most 28"):
        engine.resize(python=40)


# --- The life of the parent -----------------------------------------------------------------------

_PARENT = """
import os, sys, cogway, worker_calls
engine = cogway.Engine(native_workers=1, python_workers=1, strategy="processes", grace=0.2)
told = engine.worker_bus.channel("told")
ticket = engine.spawn(worker_calls.tell_and_wait, "told")
pid = int(told.receive(30))
"""


def _program(code, **options):
    here = os.path.dirname(__file__)
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT + code],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": here},
        text=True,
        **options,
    )


@pytest.mark.parametrize("code", ["", "os.fork() or os.read(0, 1)\n"])
def test_workers_end_when_their_parent_is_killed(code):
    with _program(
        "print(pid, flush=True)\n" + code + "sys.stdin.read()", stdin=subprocess.PIPE
    ) as parent:
        assert parent.stdout.readline()
        parent.kill()
        parent.wait()
        parent.stdin.close()
        # The workers hold the other end of this pipe: it ends with the last of them.
        assert parent.stdout.read() == ""


def test_exit_without_closing_ends_the_worker():
    with _program("print(pid)", stderr=subprocess.PIPE) as parent:
        out, err = parent.communicate(timeout=60)
        assert parent.returncode == 0, err
        assert out.strip().isdigit()
        assert not _alive(int(out))


def test_ctrl_c_is_the_parents():
    code = "try: print(pid, flush=True); ticket.result()\n"
    code += "except KeyboardInterrupt: print('interrupted', flush=True)\n"
    code += "told2 = engine.worker_bus.channel('told-never'); told2.send(b'go')\n"
    code += "print(engine.spawn(abs, -4).result()); engine.close()"
    with _program(code, start_new_session=True) as parent:
        assert parent.stdout.readline()
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.stdout.read().split() == ["interrupted", "4"]


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bus_bytes": 1}, "bus_bytes must be an int of at least"),
        ({"retries": -1}, "retries"),
        ({"recycle_after": 1.5}, "recycle_after"),
        ({"time_limit": 0}, "time_limit must be more than 0"),
        ({"time_limit": float("nan")}, "time_limit"),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(ValueError, match=words):
        Processes(**options)


def test_options_of_wrong_types():
    with pytest.raises(TypeError, match="initializer must be callable"):
        Processes(initializer=3)
    with pytest.raises(TypeError, match="initargs must be a tuple"):
        Processes(initargs=[1])


def test_strategies_by_name(monkeypatch):
    with pytest.raises(ValueError, match="strategy must be one of 'auto', 'main'"):
        Engine(strategy="threads")
    with pytest.raises(ValueError, match="at most 28"):
        Engine(strategy="processes", python_workers=40)
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    with Engine(native_workers=1, strategy="auto") as engine:
        assert engine.strategy == ("processes" if gil else "free_threaded")
    monkeypatch.setenv("COGWAY_STRATEGY", "processes")
    with Engine(native_workers=1) as engine:
        assert engine.strategy == "processes"
    monkeypatch.delenv("COGWAY_STRATEGY")
    with Engine(native_workers=1) as engine:
        assert engine.strategy == "main"
        with pytest.raises(cogway.StrategyUnavailable, match="no processes"):
            _ = engine.worker_bus
    if gil:
        with pytest.raises(cogway.StrategyUnavailable, match="the GIL is on"):
            Engine(strategy="free_threaded")
    else:
        with Engine(native_workers=1, strategy="free_threaded") as engine:
            assert engine.spawn(abs, -1).result() == 1


def test_strategies_say_why_not():
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    found = cogway.strategies()
    assert list(found) == ["main", "free_threaded", "processes"]
    assert found["main"] is None
    assert found["processes"] is None
    assert ("free-threaded build" in (found["free_threaded"] or "")) is gil


def test_worker_bus_elsewhere():
    with pytest.raises(RuntimeError, match="no worker process"):
        cogway.worker_bus()


def test_no_program_to_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(cogway.StrategyUnavailable, match=r"sys\.executable is empty"):
        Engine(strategy="processes")


def test_a_worker_may_use_an_engine_of_its_own(make):
    assert make().spawn(worker_calls.on_own_engine).result() == (32, "main")
