// SPDX-License-Identifier: Apache-2.0
#include "module/findings.hpp"

#include <exception>
#include <string>

#include "bus/debug_arena.hpp"
#include "cogway/python/call_place.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/errors.hpp"
#include "module/fields.hpp"

namespace cogway {
namespace {

PyRef make_finding(ModuleState& state, const Finding& from) {
  const PyRef fields = PyRef::steal(Fields()
                                        .text("kind", finding_kind_name(from.kind))
                                        .text("message", from.message)
                                        .text("kernel", from.kernel)
                                        .text("argument", from.argument)
                                        .count("buffer", from.buffer)
                                        .text("place", from.place)
                                        .text("thread", from.thread)
                                        .number("offset", from.offset)
                                        .count("nbytes", from.nbytes)
                                        .take());
  if (!fields) return {};
  return PyRef::steal(PyObject_Call(state.finding, state.empty_tuple, fields.get()));
}

}  // namespace

PyObject* findings_tuple(ModuleState& state, const DebugReport* report) {
  if (report == nullptr) return Py_NewRef(state.empty_tuple);
  try {
    const std::vector<Finding> findings = report->findings();
    PyRef list = PyRef::steal(PyList_New(0));
    for (const Finding& finding : findings) {
      const PyRef made = make_finding(state, finding);
      if (!list || !made || PyList_Append(list.get(), made.get()) < 0) return nullptr;
    }
    return list ? PyList_AsTuple(list.get()) : nullptr;
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

const char* kept_place(DebugReport& report) {
  try {
    return report.keep(call_place());
  } catch (const std::exception&) {
    return nullptr;
  }
}

void note_place_in(detail::DebugArena& arena, const BufferRef& buffer) {
  arena.name(buffer, nullptr, {}, kept_place(*arena.report()));
}

}  // namespace cogway
