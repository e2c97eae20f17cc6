# SPDX-License-Identifier: Apache-2.0
"""The lines of ft_utils' article and of its reference run as printed, with the import changed."""

import threading
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
from cogway.compat import ft_utils
from cogway.compat.ft_utils import concurrency
from cogway.sync import ShutDown, critical_section
from extension_modules import from_c

# docs/fine_grained_synchronization.md of ft_utils, MIT licence, Copyright (c) Meta Platforms.
COUNTER = """
from ft_utils import AtomicInt64
counter = AtomicInt64(0)
# Multiple threads can safely increment:
counter.fetch_add(1)
# Or using arithmetic operators
counter += 1
"""
SECTION = """
with cython.critical_section(my_object):
    my_object.value += 1 # safe from race conditions
"""
BATCH = """
    Py_BEGIN_CRITICAL_SECTION(self);
    index = _Py_atomic_load_ssize(&(self->index));
    if (index < size) {
      err = 0;
    } else {
      err = BatchExecutorObject_fill_buffer(self);
    }
    Py_END_CRITICAL_SECTION();
"""
# docs/concurrency_api.md and docs/local_api.md.
REFERENCE = [
    """
from .concurrency import ConcurrentDict

d = ConcurrentDict()
d['key'] = 'value'
print(d['key'])  # prints 'value'
print('key' in d)  # prints True
del d['key']
print('key' in d)  # prints False
""",
    """
from .concurrency import AtomicInt64

i = AtomicInt64(10)
print(i.get())  # prints 10
i.incr()
print(i.get())  # prints 11
i += 5
print(i.get())  # prints 16
""",
    """
from .concurrency import AtomicReference

r = AtomicReference(0)

def increment(r):
    while True:
        current = r.get()
        new_value = current + 1
        if r.compare_exchange(current, new_value):
            break

increment(r)
print(r.get())  # prints 1
""",
    """
from .concurrency import ConcurrentGatheringIterator

iterator = ConcurrentGatheringIterator()
iterator.insert(0, 'value0')
iterator.insert(1, 'value1')
iterator.insert(2, 'value2')

for value in iterator.iterator(2):
    print(value)  # prints 'value0', 'value1', 'value2'
""",
]


def run(lines, **names):
    """Execute them with ft_utils' place taken by ours; return their names."""
    lines = lines.replace("from ft_utils import", "from cogway.compat.ft_utils import")
    lines = lines.replace("from .concurrency", "from cogway.compat.ft_utils.concurrency")
    exec(compile(lines, "article", "exec"), names)
    return names


def test_the_counter_of_the_article():
    assert run(COUNTER)["counter"] == 2


def test_the_counter_of_the_article_in_threads():
    counter = run(COUNTER)["counter"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: counter.fetch_add(1), range(1000)))
    assert counter == 1002


def test_the_critical_section_of_the_article():
    my_object = types.SimpleNamespace(value=0)
    cython = types.SimpleNamespace(critical_section=critical_section)

    def body():
        for _ in range(100):
            run(SECTION, cython=cython, my_object=my_object)

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert my_object.value == 400


def test_the_batch_executor_s_lines_of_the_article(tmp_path):
    (tmp_path / "batch.c").write_text(f"""
#include <Python.h>
#include "cogway/python/ft_compat.h"
typedef struct {{ PyObject_HEAD Py_ssize_t index; }} BatchExecutorObject;
static int BatchExecutorObject_fill_buffer(BatchExecutorObject* self) {{
  _Py_atomic_store_ssize(&self->index, 0);
  return 7;
}}
static PyObject* load(PyObject* module, PyObject* argument) {{
  BatchExecutorObject object = {{PyObject_HEAD_INIT(&PyBaseObject_Type) 0}};
  BatchExecutorObject* self = &object;
  Py_ssize_t index, size = 10;
  int err;
  (void)module;
  object.index = PyLong_AsSsize_t(argument);
{BATCH.replace("SECTION(self)", "SECTION((PyObject*)self)")}
  return Py_BuildValue("(ni)", index, err);
}}
static PyMethodDef functions[] = {{{{"load", load, METH_O, NULL}}, {{NULL, NULL, 0, NULL}}}};
static PyModuleDef_Slot slots[] = {{COGWAY_GIL_NOT_USED_SLOT {{0, NULL}}}};
static struct PyModuleDef definition = {{
    PyModuleDef_HEAD_INIT, "batch", NULL, 0, functions, slots, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit_batch(void) {{ return PyModuleDef_Init(&definition); }}
""")
    batch = from_c("batch", tmp_path)
    assert batch.load(3) == (3, 0)
    assert batch.load(10) == (10, 7)


@pytest.mark.parametrize("lines", REFERENCE)
def test_the_lines_of_the_reference_print_what_they_say(lines, capsys):
    run(lines)
    said = [line.partition("# prints ")[2] for line in lines.splitlines() if "# prints" in line]
    wanted = [value.strip("'") for part in said for value in part.split(", ")]
    assert capsys.readouterr().out.split() == wanted


def test_a_queue_as_in_the_reference():
    queue = concurrency.ConcurrentQueue()
    for number in range(3):
        queue.push(f"value{number}")
    assert queue.pop() == "value0"
    assert queue.pop(timeout=0.1) == "value1"
    assert queue.pop_local().wrapped == "value2"
    queue.shutdown()
    with pytest.raises(ShutDown):
        queue.pop()
    with pytest.raises(ShutDown):
        queue.push("value5")


def test_the_package_has_the_names_that_the_article_imports():
    for name in ("AtomicInt64", "AtomicReference", "AtomicFlag"):
        assert getattr(ft_utils, name) is getattr(concurrency, name)
