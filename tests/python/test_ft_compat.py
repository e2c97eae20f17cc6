# SPDX-License-Identifier: Apache-2.0
"""ft_compat.h: the sample extension is built and run, and every name of CPython's is there."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import pytest
from extension_modules import from_c

SAMPLE = Path(__file__).parents[2] / "examples" / "c_extension" / "accounts.c"
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-pthread")
KINDS = ("int", "int8", "int16", "int32", "int64", "intptr", "ssize")
BITS = ("uint8", "uint16", "uint32", "uint64", "uintptr")
NUMBERS = (*KINDS, *BITS, "uint")
NAMES = {
    *(f"{what}_{kind}" for what in ("add", "exchange", "compare_exchange") for kind in NUMBERS),
    *(f"{what}_{kind}" for what in ("and", "or") for kind in BITS),
    *(f"{what}_{kind}" for what in ("load", "store") for kind in (*NUMBERS, "ptr")),
    *(f"load_{kind}_relaxed" for kind in (*NUMBERS, "ptr", "ullong")),
    *(f"store_{kind}_relaxed" for kind in (*NUMBERS, "ptr", "ullong")),
    *(f"load_{kind}_acquire" for kind in ("ptr", "uintptr", "int", "uint32", "uint64", "ssize")),
    *(f"store_{kind}_release" for kind in ("ptr", "uintptr", "int", "uint32", "uint64", "ssize")),
    *("exchange_ptr", "compare_exchange_ptr"),
    *("fence_seq_cst", "fence_acquire", "fence_release"),
}  # fmt: skip


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    if not SAMPLE.is_file():
        pytest.skip("the examples are not here")
    folder = tmp_path_factory.mktemp("extension")
    shutil.copy(SAMPLE, folder / "accounts.c")
    return from_c("accounts", folder, *STRICT, "-std=c11")


def in_threads(body, count=4):
    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="a build with the GIL")
def test_importing_it_leaves_the_gil_off(accounts):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import accounts, sys; print(sys._is_gil_enabled())"],
        cwd=Path(accounts.__file__).parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_two_objects_change_at_once(accounts):
    first, second = accounts.Account(1000), accounts.Account(1000)
    sums = set()

    def body(number):
        payer, payee = (first, second) if number % 2 else (second, first)
        for _ in range(1000):
            payer.pay(payee, 1)
            sums.add(first.with_(second))

    in_threads(body)
    assert sums == {2000}
    assert (first.balance, second.balance) == (1000, 1000)
    assert first.visits == second.visits == 2000


def test_a_native_thread_calls_python_and_leaves_nothing(accounts):
    seen = []
    for _ in range(3):
        assert accounts.call_in_native_thread(lambda: seen.append(threading.get_ident()))
    assert len(seen) == 3
    assert threading.get_ident() not in seen
    # An object of thread-local data goes with the state that was made for the thread.
    local = threading.local()
    gone = []

    class Value:
        def __del__(self):
            gone.append(True)

    def keep():
        local.value = Value()

    assert accounts.call_in_native_thread(keep)
    assert gone == [True]


def test_a_thread_that_let_go_gets_its_own_state_back(accounts):
    found = []
    assert accounts.call_after_letting_go(lambda: found.append(threading.current_thread()))
    assert found == [threading.current_thread()]

    def often(_):
        # Beside others that have the GIL meanwhile: what is current may be another thread's.
        found.append(all(accounts.call_after_letting_go(lambda: None) for _ in range(300)))

    in_threads(often)
    assert found[1:] == [True] * 4


def source_of_all_names():
    """C that takes each function by its address, and calls some for what they answer."""
    uses = "\n".join(f"  (void (*)(void))_Py_atomic_{name}," for name in sorted(NAMES))
    return f"""
#include <Python.h>
#include "cogway/python/ft_compat.h"
typedef void (*function)(void);
static function all[] = {{
{uses}
}};
#define CHECK(condition) if (!(condition)) return PyErr_Format(PyExc_AssertionError, #condition)
static PyObject* check(PyObject* self, PyObject* unused) {{
  uint8_t bits = 6;
  int64_t number = 5, expected = 4;
  int a = 1, b = 2;
  void* pointer = &a;
  void* wanted = &b;
  (void)self; (void)unused;
  CHECK(all[0] != NULL);
  CHECK(_Py_atomic_and_uint8(&bits, 3) == 6 && bits == 2);
  CHECK(_Py_atomic_or_uint8(&bits, 5) == 2 && bits == 7);
  CHECK(_Py_atomic_add_uint8(&bits, 250) == 7 && bits == 1);
  CHECK(!_Py_atomic_compare_exchange_int64(&number, &expected, 9) && expected == 5 && number == 5);
  CHECK(_Py_atomic_compare_exchange_int64(&number, &expected, 9) && number == 9);
  CHECK(_Py_atomic_exchange_int64(&number, 3) == 9 && _Py_atomic_load_int64(&number) == 3);
  CHECK(!_Py_atomic_compare_exchange_ptr(&pointer, &wanted, &b) && wanted == &a);
  CHECK(_Py_atomic_compare_exchange_ptr(&pointer, &wanted, &b) && pointer == &b);
  CHECK(_Py_atomic_exchange_ptr(&pointer, &a) == &b && _Py_atomic_load_ptr(&pointer) == &a);
  _Py_atomic_store_ptr_release(&pointer, &b);
  CHECK(_Py_atomic_load_ptr_acquire(&pointer) == &b);
  {{
    PyObject* dict = PyDict_New();
    PyObject* found = dict;
    PyObject* bad = PyList_New(0);
    CHECK(PyDict_GetItemRef(dict, Py_None, &found) == 0 && found == NULL);
    CHECK(PyDict_GetItemRef(dict, bad, &found) == -1 && PyErr_Occurred());
    PyErr_Clear();
    PyDict_SetItem(dict, Py_None, bad);
    CHECK(PyDict_GetItemRef(dict, Py_None, &found) == 1 && found == bad);
    Py_DECREF(found); Py_DECREF(bad); Py_DECREF(dict);
  }}
  Py_RETURN_NONE;
}}
static PyMethodDef functions[] = {{{{"check", check, METH_NOARGS, NULL}}, {{NULL, NULL, 0, NULL}}}};
static PyModuleDef_Slot slots[] = {{COGWAY_GIL_NOT_USED_SLOT {{0, NULL}}}};
static struct PyModuleDef definition = {{
    PyModuleDef_HEAD_INIT, "every_name", NULL, 0, functions, slots, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit_every_name(void) {{ return PyModuleDef_Init(&definition); }}
"""


@pytest.mark.parametrize("language", [("-std=c11",), ("-x", "c++", "-std=c++17")])
def test_every_name_is_there_and_answers_as_cpython_s(language, tmp_path):
    (tmp_path / "every_name.c").write_text(source_of_all_names())
    from_c("every_name", tmp_path, *language, "-Wall", "-Wextra", "-Werror",
           "-Wno-cast-function-type", "-Wno-missing-field-initializers").check()  # fmt: skip


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the names are those of 3.13")
def test_the_names_are_cpython_s():
    header = Path(sysconfig.get_path("include")) / "cpython" / "pyatomic.h"
    theirs = re.findall(
        r"^(?:static inline void )?_Py_atomic_(\w+)\(", header.read_text(), re.MULTILINE
    )
    assert set(theirs) == NAMES
