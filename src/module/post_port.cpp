// SPDX-License-Identifier: Apache-2.0
// The heap type `_core.PostPort`: what kernels post under one name, and the callable that takes it.
// Who waits for the descriptor (an event loop, a thread) is cogway._posts' business.

#include "cogway/engine/post_port.hpp"

#include <Python.h>

#include <atomic>
#include <memory>
#include <new>
#include <string>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/fields.hpp"
#include "module/heap_type.hpp"

namespace cogway {
namespace {

/// Posts delivered before others on the loop get a turn.
constexpr int kTurn = 64;

/// **Threads**: deliver() one at a time; the rest any attached. **Ownership**: shares the port,
/// which the engine may outlive or not; owns the callables.
/// **Progress**: never waits. **Order**: as PostPort.
struct PostPortObject {
  PyObject_HEAD ModuleState* state;
  std::shared_ptr<PostPort> port;
  PyObject* function;  ///< called with the buffers of each post
  PyObject* report;    ///< called with what the function raised; None: it is unraisable
  std::atomic<bool> delivering;
  std::atomic<std::uint64_t> failed;
};

PostPortObject* as_port(PyObject* object) noexcept {
  return reinterpret_cast<PostPortObject*>(object);
}

/// What a callback raised goes to `report`; -1 for KeyboardInterrupt, SystemExit, and what that
/// raises itself.
int report_raised(PostPortObject* self) {
  if (PyErr_ExceptionMatches(PyExc_SystemExit) || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    return -1;
  }
  self->failed.fetch_add(1);
  if (self->report == Py_None) return PyErr_WriteUnraisable(self->function), 0;
  PyRef raised = PyRef::steal(take_raised_exception());
  PyRef done = PyRef::steal(PyObject_CallOneArg(self->report, raised.get()));
  return done ? 0 : -1;
}

int call_function(PostPortObject* self, Post& post) {
  PyObject* arguments[1 + COGWAY_MAX_BUFFERS] = {};
  std::size_t count = 0;
  bool ok = true;
  for (; ok && count < post.n_buffers; ++count) {
    arguments[1 + count] = wrap_buffer(*self->state, std::move(post.buffers[count]));
    ok = arguments[1 + count] != nullptr;
  }
  PyRef result;
  if (ok) {
    result = PyRef::steal(PyObject_Vectorcall(self->function, arguments + 1,
                                              count | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
  }
  for (std::size_t i = 0; i < count; ++i) Py_XDECREF(arguments[1 + i]);
  return result ? 0 : report_raised(self);
}

int deliver_some(PostPortObject* self) {
  bool listens = false;
  Post post;
  for (int done = 0; done < kTurn;) {
    if (self->port->take(&post)) {
      ++done;
      if (call_function(self, post) < 0) {
        self->port->signal();  // whoever delivers next finds the rest
        return -1;
      }
    } else if (listens) {
      return 0;
    } else {
      self->port->listen();
      listens = true;
    }
  }
  self->port->signal();
  return 0;
}

PyObject* deliver(PyObject* object, PyObject*) {
  PostPortObject* self = as_port(object);
  if (self->delivering.exchange(true)) Py_RETURN_NONE;
  self->port->clear_signal();
  const int status = deliver_some(self);
  self->delivering.store(false);
  self->state->mailbox->drain();
  if (status < 0) return nullptr;
  Py_RETURN_NONE;
}

PyObject* fileno(PyObject* object, PyObject*) {
  return PyLong_FromLong(as_port(object)->port->fd());
}

PyObject* wake(PyObject* object, PyObject*) {
  as_port(object)->port->signal();
  Py_RETURN_NONE;
}

PyObject* close_port(PyObject* object, PyObject*) {
  as_port(object)->port->close();
  Py_RETURN_NONE;
}

PyObject* statistics(PyObject* object, PyObject*) {
  const PostPortObject* self = as_port(object);
  try {
    const PortStatistics from = self->port->statistics();
    return Fields()
        .text("name", from.name)
        .count("posted", from.posted)
        .count("delivered", from.taken)
        .count("failed", self->failed.load())
        .count("dropped", from.dropped)
        .count("refused", from.refused)
        .count("queued", from.queued)
        .count("signals", from.signals)
        .take();
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

PyObject* get_closed(PyObject* object, void*) {
  return PyBool_FromLong(as_port(object)->port->closed());
}

PyObject* get_idle(PyObject* object, void*) {
  const PostPortObject* self = as_port(object);
  return PyBool_FromLong(self->port->empty() && !self->delivering.load());
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  PostPortObject* self = as_port(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->function);
  Py_VISIT(self->report);
  return 0;
}

int clear(PyObject* object) {
  PostPortObject* self = as_port(object);
  self->port->close();  // nobody is left to be called
  Py_CLEAR(self->function);
  Py_CLEAR(self->report);
  return 0;
}

void dealloc(PyObject* object) {
  PyObject_GC_UnTrack(object);
  (void)clear(object);
  as_port(object)->port.~shared_ptr();
  free_heap_object(object);
}

PyMethodDef methods[] = {
    {"deliver", deliver, METH_NOARGS, nullptr},
    {"fileno", fileno, METH_NOARGS, nullptr},
    {"wake", wake, METH_NOARGS, nullptr},
    {"close", close_port, METH_NOARGS, nullptr},
    {"statistics", statistics, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"closed", get_closed, nullptr, nullptr, nullptr},
    {"idle", get_idle, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc, const_cast<char*>("Where posts of one name wait to be delivered.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.PostPort", sizeof(PostPortObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                        Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC,
                    slots};

}  // namespace

/// _open_port(name, fn, report, capacity, when_full): when_full is 0 fail, 1 drop-newest,
/// 2 drop-oldest.
PyObject* engine_open_port(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  if (count != 5)
    return PyErr_SetString(PyExc_TypeError, "_open_port() takes 5 arguments"), nullptr;
  ModuleState& state = *as_engine(object)->state;
  const char* name = PyUnicode_AsUTF8(arguments[0]);
  if (name == nullptr) return nullptr;
  std::int64_t capacity = 0;
  std::int64_t policy = 0;
  if (!to_int64({"on_post", "capacity"}, arguments[3], 1, std::int64_t{1} << 20, capacity) ||
      !to_int64({"on_post", "when_full"}, arguments[4], 0, 2, policy)) {
    return nullptr;
  }
  if (!host->engine.belongs_to_this_process()) {
    raise_cause(state, Cause::engine_forked, StatusCode::failed_precondition, "on_post",
                "the engine belongs to the parent process");
    return nullptr;
  }
  std::shared_ptr<PostPort> port;
  try {
    port = host->engine.open_port(name, {.capacity = static_cast<std::size_t>(capacity),
                                         .when_full = static_cast<FullPortPolicy>(policy)});
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  PostPortObject* self = PyObject_GC_New(PostPortObject, state.post_port_type);
  if (self == nullptr) {
    port->close();
    return nullptr;
  }
  self->state = &state;
  new (&self->port) std::shared_ptr<PostPort>(std::move(port));
  self->function = Py_NewRef(arguments[1]);
  self->report = Py_NewRef(arguments[2]);
  new (&self->delivering) std::atomic<bool>(false);
  new (&self->failed) std::atomic<std::uint64_t>(0);
  PyObject_GC_Track(reinterpret_cast<PyObject*>(self));
  return reinterpret_cast<PyObject*>(self);
}

int add_post_port_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.post_port_type, Export::visible);
}

}  // namespace cogway
