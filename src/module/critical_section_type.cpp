// SPDX-License-Identifier: Apache-2.0
// The heap type `critical_section`: the context manager of critical sections of any object. The
// locks are the process's, those of CPython are not touched: dict and list methods lock these for
// themselves and may be called in the body.

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/python/thread_state.hpp"
#include "cogway/sync/section_stack.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

constexpr Nanoseconds kSignalCheck{200'000'000};  // a signal may have interrupted another thread

constinit SectionTable<> table;

SectionStack<>& this_thread_sections() noexcept {
  static thread_local SectionStack<> sections;
  return sections;
}

void repair_child() noexcept {
  table.reset();
  this_thread_sections().readopt();
}
// At load, not at first use: a fork between would find locks of threads that are not there.
[[maybe_unused]] const int registered = ::pthread_atfork(nullptr, nullptr, repair_child);

/// Never used again, so that leaving finds the section that was entered, not one that was made
/// where another had been. A section that is entered needs no reference to the object.
std::uint64_t new_key() noexcept {
  constexpr std::uint64_t kBlock = 1 << 16;
  static std::atomic<std::uint64_t> blocks{0};
  static thread_local std::uint64_t next = 0, end = 0;
  if (next == end) {
    // order: relaxed, only the number counts
    next = blocks.fetch_add(kBlock, std::memory_order_relaxed);
    end = next + kBlock;
  }
  return next++;
}

struct SectionObject {
  PyObject_HEAD PyObject* one;  ///< owned, as other, which may be nullptr: their addresses last
  PyObject* other;
  std::uint64_t key;
  SectionTarget<> target;
};
SectionObject* as_section(PyObject* self) noexcept {
  return reinterpret_cast<SectionObject*>(self);
}

PyObject* make(PyTypeObject* type, PyObject* const* objects, Py_ssize_t count) {
  if (count != 1 && count != 2) {
    return PyErr_Format(PyExc_TypeError, "critical_section() takes one or two objects, not %zd",
                        count);
  }
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  SectionObject* self = as_section(object);
  self->one = Py_NewRef(objects[0]);
  self->other = count == 2 ? Py_NewRef(objects[1]) : nullptr;
  self->key = new_key();
  self->target = count == 2 ? table.target(objects[0], objects[1]) : table.target(objects[0]);
  return object;
}
PyObject* refuse_keywords() {
  return PyErr_Format(PyExc_TypeError, "critical_section() takes no keyword arguments");
}
PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0) return refuse_keywords();
  PyObject* const* objects = &PyTuple_GET_ITEM(arguments, 0);
  return make(type, objects, PyTuple_GET_SIZE(arguments));
}
/// The same without a tuple.
PyObject* create_fast(PyObject* type, PyObject* const* objects, std::size_t count,
                      PyObject* keywords) {
  if (keywords != nullptr && PyTuple_GET_SIZE(keywords) != 0) return refuse_keywords();
  return make(reinterpret_cast<PyTypeObject*>(type), objects, PyVectorcall_NARGS(count));
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_section(self)->one);
  Py_VISIT(as_section(self)->other);
  return 0;
}
int clear(PyObject* self) {
  Py_CLEAR(as_section(self)->one);
  Py_CLEAR(as_section(self)->other);
  return 0;
}
void deallocate(PyObject* self) {
  PyObject_GC_UnTrack(self);
  (void)clear(self);
  free_heap_object(self);
}

/// The innermost section gets its locks back, whatever signals come: its body relies on them, and
/// so does the exception that is on its way through it.
void resume(SectionStack<>& sections) {
  while (sections.suspended()) {
    const Detached detached;
    (void)sections.resume(kNever);
  }
}

PyObject* enter(PyObject* object, PyObject*) {
  const SectionObject* self = as_section(object);
  SectionStack<>& sections = this_thread_sections();
  bool entered = sections.try_enter(self->key, self->target);
  while (!entered) {
    {
      const Detached detached;
      const TimePoint slice = deadline_after(monotonic_now(), kSignalCheck);
      entered = sections.wait_enter(self->key, self->target, slice);
    }
    if (entered) break;
    // Signal handlers may enter sections of their own: nothing is held meanwhile.
    if (PyErr_CheckSignals() < 0) return resume(sections), nullptr;
  }
  Py_RETURN_NONE;
}
PyObject* leave(PyObject* object, PyObject* const*, Py_ssize_t) {
  SectionStack<>& sections = this_thread_sections();
  const SectionExit exit = sections.leave(as_section(object)->key);
  resume(sections);
  switch (exit) {
    case SectionExit::done:
      Py_RETURN_NONE;
    case SectionExit::out_of_order:
      PyErr_SetString(PyExc_RuntimeError,
                      "a critical section was left before one that was entered in it");
      return nullptr;
    case SectionExit::not_entered:
      break;
  }
  PyErr_SetString(PyExc_RuntimeError, "this thread is not in that critical section");
  return nullptr;
}

PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear)},
    {Py_tp_methods, methods},
    {Py_tp_doc,
     const_cast<char*>(
         "critical_section(a, b=..., /)\n--\n\n"
         "A context manager whose body excludes other critical sections of the same object.\n\n"
         "Of any object, or of two at once, in whatever order they are named; on builds with a\n"
         "GIL, too. A thread that is in a section of an object enters others of it at once. Only\n"
         "sections exclude each other: what uses the object outside of one does not wait.\n\n"
         "The body is exclusive while it runs, waits and sleeps, with one exception: a section\n"
         "that is entered in it and has to wait gives up all outer ones, and each has its object\n"
         "again when its body goes on. So sections never wait for each other for ever, in\n"
         "whatever order they nest, and whatever was read before an inner section has to be read\n"
         "again after it. Two objects that must change together are named together.\n\n"
         "The GIL is released while it waits. Ctrl-C ends waiting to enter, not waiting to go on\n"
         "in an outer section. A section is its thread's: leave it before `await`, and where it\n"
         "was entered. RuntimeError for a section left by another thread, which changes nothing,\n"
         "and for one left before those that were entered in it: it is over, they are not. What a\n"
         "thread never left is over when the thread ends. In a forked child the forking thread is\n"
         "in its sections, and no other thread is in any.\n\n"
         "Threads: all; one manager may be entered by several, and again within itself.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.critical_section", sizeof(SectionObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_critical_section_type(PyObject* module, ModuleState& state) {
  PyTypeObject** type = &state.sync->critical_section_type;
  if (add_heap_type(module, &spec, type, Export::visible) < 0) return -1;
  (*type)->tp_vectorcall = create_fast;  // a slot of its own since 3.14 only
  return 0;
}

}  // namespace cogway
