# SPDX-License-Identifier: Apache-2.0
"""Refusals name the kernel, the parameter, what was given and what is wanted."""

import pickle

import cogway
import pytest


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda e: e.c_spawn(), TypeError, ["kernel"]),
        (lambda e: e.c_spawn(5), TypeError, ["str", "int"]),
        (lambda e: e.c_spawn("core.nop"), LookupError, ["core.nop", "core.noop"]),
        (lambda e: e.c_spawn("core.copy"), TypeError, ["core.copy", "0 given"]),
        (lambda e: e.c_spawn("core.noop", b""), TypeError, ["core.noop", "1 given"]),
        (lambda e: e.c_spawn("core.copy", "text"), TypeError, ["core.copy", "input 0", "str"]),
        (lambda e: e.c_spawn("core.copy", None), TypeError, ["core.copy", "NoneType"]),
        (lambda e: e.c_spawn("core.spin"), ValueError, ["core.spin", "ns"]),
        (lambda e: e.c_spawn("core.spin", ns="x"), TypeError, ["core.spin", "ns", "int", "'x'"]),
        (lambda e: e.c_spawn("core.spin", ns=1.5), TypeError, ["core.spin", "ns", "1.5"]),
        (lambda e: e.c_spawn("core.spin", ns=-1), ValueError, ["core.spin", "ns"]),
        (lambda e: e.c_spawn("core.spin", ns=10**30), (OverflowError, ValueError), []),
        (lambda e: e.c_spawn("core.spin", nanoseconds=1), ValueError, ["nanoseconds", "ns"]),
        (lambda e: e.c_spawn("core.spin", ns=1, params={"ns": 2}), TypeError, ["ns", "twice"]),
        (lambda e: e.c_spawn("core.spin", params=[1]), TypeError, ["params", "dict"]),
        (lambda e: e.c_spawn("core.spin", params={1: 2}), TypeError, ["str"]),
        (lambda e: e.c_spawn("core.noop", priority="urgent"), ValueError, ["priority", "urgent"]),
        (lambda e: e.c_spawn("core.noop", priority=1), ValueError, ["priority"]),
        (lambda e: e.c_spawn("core.noop", worker_class="slow"), ValueError, ["worker_class"]),
        (lambda e: e.c_spawn("core.noop", deadline="soon"), TypeError, ["deadline", "str"]),
        (lambda e: e.c_spawn("core.noop", deadline=float("nan")), ValueError, ["nan"]),
        (lambda e: e.c_spawn("core.noop", affinity="x"), TypeError, ["affinity"]),
        (lambda e: e.c_spawn("core.noop", affinity=[]), ValueError, ["affinity"]),
        (lambda e: e.c_spawn("core.noop", affinity=99), ValueError, ["affinity"]),
        (lambda e: e.c_spawn("core.copy", b"a", out=1), TypeError, ["out"]),
        (lambda e: e.c_spawn("core.copy", b"a", out=[]), ValueError, ["core.copy", "out"]),
        (lambda e: e.c_spawn("core.copy", b"a", out=[1]), TypeError, ["out[0]", "int"]),
        (lambda e: e.c_spawn("core.copy", b"a", out=e.bus.lease(2, "uint8")), ValueError, []),
    ],
)
def test_refused_at_the_call(engine, call, error, words):
    with pytest.raises(error) as caught:
        call(engine)
    for word in words:
        assert word in str(caught.value)
    statistics = engine.statistics()
    assert statistics.completed == statistics.failed == statistics.in_flight == 0


def test_kernel_errors_pickle_and_print():
    error = cogway.KernelError("image.decode", "data_loss", "truncated at byte 512")
    assert str(error) == "image.decode: data_loss: truncated at byte 512"
    again = pickle.loads(pickle.dumps(error))
    assert (again.kernel, again.status, again.message) == error.args
    assert str(cogway.KernelError("core.noop", "internal", "")) == "core.noop: internal"


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        (cogway.EngineClosed, RuntimeError),
        (cogway.BusExhausted, MemoryError),
        (cogway.StrategyUnavailable, RuntimeError),
        (cogway.KernelError, cogway.CogwayError),
        (cogway.QueueFull, cogway.CogwayError),
        (cogway.WorkerLost, cogway.CogwayError),
    ],
)
def test_exceptions_derive_from_what_people_catch(kind, bases):
    assert issubclass(kind, bases)
    assert issubclass(kind, cogway.CogwayError)


def test_load_refuses_what_is_no_pack(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        cogway.load(tmp_path / "nowhere.so")
    text = tmp_path / "text.so"
    text.write_text("not a shared object")
    with pytest.raises((FileNotFoundError, RuntimeError)):
        cogway.load(text)
    with pytest.raises(TypeError):
        cogway.load(5)


def test_a_dict_that_changes_while_it_is_read(engine):
    class Sly:
        def __index__(self):
            params.clear()
            return 5

    params = {"ns": Sly()}
    engine.c_spawn("core.spin", params=params).result()
