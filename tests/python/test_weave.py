# SPDX-License-Identifier: Apache-2.0
"""Destructors of native thread-local variables: once for each ending thread, and at the end."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cogway.compat.ft_utils import weave
from cogway.sync import register_native_destructor, unregister_native_destructor

SOURCE = Path(__file__).parent / "data" / "native" / "thread_locals.c"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    made = tmp_path_factory.mktemp("weave") / "thread_locals.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", SOURCE, "-o", made], check=True)
    return made


@pytest.fixture
def library(path, tmp_path):
    """A copy of its own, whose counts begin at 0."""
    copy = shutil.copy(path, tmp_path / "library.so")
    found = ctypes.CDLL(str(copy))
    for name in ("first_variable", "second_variable"):
        getattr(found, name).restype = ctypes.c_void_p
    for name in ("set_first", "set_second"):
        getattr(found, name).argtypes = [ctypes.c_void_p]
    found.calls.restype = found.called_in_order.restype = ctypes.c_long
    return found


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def in_a_thread(library, body):
    failures = []

    def run():
        try:
            body()
        except BaseException as error:
            failures.append(error)

    assert library.in_thread(ctypes.CFUNCTYPE(None)(run)) == 0
    assert not failures


def test_each_ending_thread_calls_it_once_with_its_own_value(library):
    def body(value):
        library.set_first(value)
        register_native_destructor(library.first_variable(), address(library.destroy_first))

    for value in (1, 10, 100):
        in_a_thread(library, lambda value=value: body(value))
    assert library.calls(0) == 111
    assert library.called_in_order() == 111


def test_the_value_is_what_the_variable_holds_at_the_end(library):
    def body():
        register_native_destructor(library.first_variable(), address(library.destroy_first))
        library.set_first(5)
        library.set_first(7)

    in_a_thread(library, body)
    assert library.calls(0) == 7


def test_a_variable_that_is_null_at_the_end_is_let_be(library):
    def body():
        library.set_first(5)
        register_native_destructor(library.first_variable(), address(library.destroy_first))
        library.set_first(None)

    in_a_thread(library, body)
    assert library.called_in_order() == 0


def test_they_are_called_as_often_and_in_the_order_they_were_registered(library):
    def body():
        library.set_first(1)
        library.set_second(1)
        first, second = library.first_variable(), library.second_variable()
        register_native_destructor(second, address(library.destroy_second))
        register_native_destructor(first, address(library.destroy_first))
        register_native_destructor(second, address(library.destroy_second))

    in_a_thread(library, body)
    assert library.called_in_order() == 212


def test_unregistering_forgets_all_of_one_variable_in_this_thread(library):
    def body():
        library.set_first(1)
        library.set_second(1)
        first, second = library.first_variable(), library.second_variable()
        assert not unregister_native_destructor(first)
        register_native_destructor(first, address(library.destroy_first))
        register_native_destructor(second, address(library.destroy_second))
        register_native_destructor(first, address(library.destroy_first))
        in_a_thread(library, lambda: unregister_native_destructor(first))  # not that one's: stays
        assert unregister_native_destructor(first)
        assert not unregister_native_destructor(first)

    in_a_thread(library, body)
    assert library.called_in_order() == 2


@pytest.mark.parametrize("wrong", [0, -1, 2**70])
def test_what_is_no_address_is_refused(library, wrong):
    function = address(library.destroy_first)
    with pytest.raises((ValueError, OverflowError)):
        register_native_destructor(wrong, function)
    with pytest.raises((ValueError, OverflowError)):
        register_native_destructor(library.first_variable(), wrong)
    with pytest.raises(TypeError):
        register_native_destructor("first", function)
    assert not unregister_native_destructor(library.first_variable())


AT_THE_END = """
import ctypes, sys, threading
from cogway.compat.ft_utils import weave
library = ctypes.CDLL(sys.argv[1])
library.first_variable.restype = ctypes.c_void_p
library.set_first.argtypes = [ctypes.c_void_p]
goodbye = ctypes.cast(library.say_goodbye, ctypes.c_void_p).value
def body(value):
    library.set_first(value)
    weave.register_native_destructor(library.first_variable(), goodbye)
library.in_thread(ctypes.CFUNCTYPE(None)(lambda: body(1)))
gate = threading.Event()
def hang():
    body(2)
    gate.set()
    threading.Event().wait()
threading.Thread(target=hang, daemon=True).start()
gate.wait()
body(3)
print("end", flush=True)
"""


def test_the_main_thread_calls_them_at_finalisation(path):
    """And a daemon thread, which never ends, calls none."""
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["goodbye 1", "end", "goodbye 3"]


def test_ft_utils_weave_is_the_same():
    assert weave.register_native_destructor is register_native_destructor
    assert weave.unregister_native_destructor is unregister_native_destructor
