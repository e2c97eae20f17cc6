// SPDX-License-Identifier: Apache-2.0
#include "cogway/python/call_place.hpp"

#include <string_view>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"

namespace cogway {
namespace {

PyObject* as_object(PyFrameObject* frame) noexcept { return reinterpret_cast<PyObject*>(frame); }

bool is_ours(PyFrameObject* frame) {
  const PyRef globals = PyRef::steal(PyFrame_GetGlobals(frame));
  PyObject* name = globals ? PyDict_GetItemString(globals.get(), "__name__") : nullptr;
  const char* text = name != nullptr && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : nullptr;
  if (text == nullptr) return false;
  const std::string_view module(text);
  return module == "cogway" || module.starts_with("cogway.");
}

std::string place_of(PyFrameObject* frame) {
  const PyRef code = PyRef::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
  const PyRef file =
      code ? PyRef::steal(PyObject_GetAttrString(code.get(), "co_filename")) : PyRef();
  const char* text = file && PyUnicode_Check(file.get()) ? PyUnicode_AsUTF8(file.get()) : nullptr;
  if (text == nullptr) return {};
  return std::string(text) + ":" + std::to_string(PyFrame_GetLineNumber(frame));
}

}  // namespace

std::string call_place() {
  PyRef raised = PyRef::steal(take_raised_exception());
  PyRef frame = PyRef::borrow(as_object(PyEval_GetFrame()));
  while (frame && is_ours(reinterpret_cast<PyFrameObject*>(frame.get()))) {
    frame = PyRef::steal(as_object(PyFrame_GetBack(reinterpret_cast<PyFrameObject*>(frame.get()))));
  }
  std::string place;
  if (frame) place = place_of(reinterpret_cast<PyFrameObject*>(frame.get()));
  PyErr_Clear();
  if (raised) restore_raised_exception(raised.release());
  return place;
}

}  // namespace cogway
