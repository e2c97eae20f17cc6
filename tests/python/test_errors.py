# SPDX-License-Identifier: Apache-2.0
"""Refusals name the kernel, the parameter, what was given and what is wanted."""

import os
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
    with pytest.raises(OSError, match=r"text\.so") as refused:
        cogway.load(text)
    assert not isinstance(refused.value, FileNotFoundError)
    with pytest.raises(TypeError):
        cogway.load(5)


def test_messages_say_what_was_given(engine):
    data = bytes(12)
    image = memoryview(data).cast("B", (2, 2, 3))
    with pytest.raises(ValueError, match=r"'size' must be .*, not \[-1\]"):
        engine.c_spawn("image.resize", image, size=-1)
    with pytest.raises(ValueError, match=r"image\.resize: parameter 'size' must fit into 64 bits"):
        engine.c_spawn("image.resize", image, size=2**63)
    with pytest.raises(TypeError, match=r"image\.resize takes 1 input \("):
        engine.c_spawn("image.resize", image, image, size=1)
    with pytest.raises(TypeError, match=r"takes 1 input .*, item 1 has 2"):
        engine.c_map("image.resize", [image, (image, image)], size=1)
    with pytest.raises(TypeError, match=r"lease\(\): a shape is an int or a sequence .*, not '3'"):
        engine.bus.lease("3")
    with pytest.raises(TypeError, match="size must be an int, not str"):
        cogway.Pipeline(engine).batch("4")
    with pytest.raises(TypeError, match="elements must be an int, not str"):
        cogway.Pipeline(engine).prefetch("2")


def test_a_file_whose_name_is_not_utf8(engine, tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")
    with open(name, "wb") as file:
        file.write(b"content")
    assert bytes(engine.c_spawn("file.read", path=os.fsdecode(name)).result()) == b"content"
    with pytest.raises(TypeError, match="'path' must be a str that can be encoded or a path"):
        engine.c_spawn("file.read", path="\ud800")


def test_a_dict_that_changes_while_it_is_read(engine):
    class Sly:
        def __index__(self):
            params.clear()
            return 5

    params = {"ns": Sly()}
    engine.c_spawn("core.spin", params=params).result()


@pytest.mark.parametrize(
    ("name", "error"), [(3, TypeError), (None, TypeError), ("", ValueError), ("a\0b", ValueError)]
)
def test_names_of_engines(name, error):
    with pytest.raises(error, match="name must"):
        cogway.Engine(name=name)


def test_a_map_over_nothing(engine):
    with pytest.raises(TypeError, match="an iterable for each parameter"):
        engine.map(abs)


def test_they_are_shown_where_users_import_them_from():
    for name in cogway._errors.__all__:
        error = getattr(cogway, name)
        assert (error.__module__, error.__qualname__) == ("cogway", name)
        assert pickle.loads(pickle.dumps(error)) is error
