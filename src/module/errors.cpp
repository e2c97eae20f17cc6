// SPDX-License-Identifier: Apache-2.0
#include "module/errors.hpp"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "cogway/python/compat.hpp"

namespace cogway {
namespace {

PyRef text(std::string_view value) {
  return PyRef::steal(
      PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "replace"));
}

PyRef call_with_text(PyObject* type, const std::string& message) {
  PyRef argument = text(message);
  return argument ? PyRef::steal(PyObject_CallOneArg(type, argument.get())) : PyRef();
}

std::string prefixed(std::string_view name, std::string_view message) {
  std::string result(name);
  if (!result.empty() && !message.empty()) result += ": ";
  result += message;
  return result;
}

PyRef make_kernel_error(ModuleState& state, StatusCode code, std::string_view name,
                        std::string_view message) {
  PyRef kernel = text(name);
  PyRef status = text(status_code_name(code));
  PyRef what = text(message);
  if (!kernel || !status || !what) return {};
  PyObject* arguments[] = {kernel.get(), status.get(), what.get()};
  return PyRef::steal(PyObject_Vectorcall(state.kernel_error, arguments, 3, nullptr));
}

PyObject* class_of_status(ModuleState& state, StatusCode code) {
  switch (code) {
    case StatusCode::invalid_argument:
      return PyExc_ValueError;
    case StatusCode::deadline_exceeded:
      return PyExc_TimeoutError;
    case StatusCode::not_found:
      return PyExc_LookupError;
    case StatusCode::already_exists:
      return PyExc_ValueError;
    case StatusCode::resource_exhausted:
      return state.bus_exhausted;
    case StatusCode::unimplemented:
      return PyExc_NotImplementedError;
    case StatusCode::failed_precondition:
      return PyExc_RuntimeError;
    default:
      return state.cogway_error;
  }
}

}  // namespace

PyRef make_exception(ModuleState& state, Cause cause, StatusCode code, std::string_view name,
                     std::string_view message) {
  switch (cause) {
    case Cause::invalid:
      return call_with_text(PyExc_ValueError, prefixed(name, message));
    case Cause::deadline:
      return call_with_text(PyExc_TimeoutError,
                            prefixed(name, message.empty() ? "the deadline passed" : message));
    case Cause::bus_exhausted:
      return call_with_text(state.bus_exhausted, prefixed(name, message));
    case Cause::queue_full:
      return call_with_text(state.queue_full, prefixed(name, message));
    case Cause::engine_closed:
      return call_with_text(
          state.engine_closed,
          prefixed(name, message.empty() ? "the engine was closed before the work ran" : message));
    case Cause::engine_forked:
      return call_with_text(state.engine_closed,
                            prefixed(name,
                                     "the engine belongs to the parent process; make a new Engine "
                                     "in this one"));
    case Cause::abandoned:
      return call_with_text(state.worker_lost, prefixed(name, message));
    case Cause::cancelled:
    case Cause::kernel:
    case Cause::none:
      break;
  }
  return make_kernel_error(state, code, name, message);
}

void raise_cause(ModuleState& state, Cause cause, StatusCode code, std::string_view name,
                 std::string_view message) {
  PyRef exception = make_exception(state, cause, code, name, message);
  if (exception) restore_raised_exception(exception.release());
}

void raise_status(ModuleState& state, const Status& status) {
  PyRef exception = call_with_text(class_of_status(state, status.code()), status.message());
  if (exception) restore_raised_exception(exception.release());
}

void raise_current_cpp_exception() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::invalid_argument& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::out_of_range& error) {
    PyErr_SetString(PyExc_IndexError, error.what());
  } catch (const std::system_error& error) {
    PyRef arguments = PyRef::steal(Py_BuildValue("(is)", error.code().value(), error.what()));
    if (arguments) PyErr_SetObject(PyExc_OSError, arguments.get());
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "a C++ exception of unknown type");
  }
}

}  // namespace cogway
