// SPDX-License-Identifier: Apache-2.0
// keys(), values() and items(): the views of collections.abc, with iterators that see one moment.

#include "cogway/python/compat.hpp"
#include "module/concurrent_dict.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// The view class `name` of cogway._dict_views, kept in `*kept` of the module `owner`.
PyRef view_class([[maybe_unused]] PyObject* owner, PyObject** kept, const char* name) {
  PyRef result;
  COGWAY_BEGIN_CRITICAL_SECTION(owner)
  result = PyRef::borrow(*kept);
  COGWAY_END_CRITICAL_SECTION()
  if (result) return result;
  const PyRef module = PyRef::steal(PyImport_ImportModule("cogway._dict_views"));
  if (!module) return {};
  result = PyRef::steal(PyObject_GetAttrString(module.get(), name));
  COGWAY_BEGIN_CRITICAL_SECTION(owner)
  if (result && *kept == nullptr) *kept = result.new_ref();
  COGWAY_END_CRITICAL_SECTION()
  return result;
}

PyObject* view(PyObject* dict, PyObject** kept, const char* name) {
  const PyRef type = view_class(as_concurrent_dict(dict)->state->module, kept, name);
  return type ? PyObject_CallOneArg(type.get(), dict) : nullptr;
}

}  // namespace

PyObject* dict_keys(PyObject* dict, PyObject*) {
  return view(dict, &as_concurrent_dict(dict)->state->sync->dict_keys, "DictKeys");
}
PyObject* dict_values(PyObject* dict, PyObject*) {
  return view(dict, &as_concurrent_dict(dict)->state->sync->dict_values, "DictValues");
}
PyObject* dict_items(PyObject* dict, PyObject*) {
  return view(dict, &as_concurrent_dict(dict)->state->sync->dict_items, "DictItems");
}

}  // namespace cogway
