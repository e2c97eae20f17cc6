// SPDX-License-Identifier: Apache-2.0
#include "module/lock_order.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cogway/python/py_ref.hpp"
#include "module/lock_owner.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct Held {
  const PyObject* lock;
  std::string place;
};

/// No Python runs while the mutex is held.
struct Orders {
  std::mutex mutex;
  std::map<const void*, std::vector<Held>> held;  ///< by thread
  /// after[a][b]: b was taken while a was held, and where that was first so.
  std::map<const PyObject*, std::map<const PyObject*, std::string>> after;
  std::set<std::pair<const PyObject*, const PyObject*>> told;
};
Orders& orders() {
  static auto* const made = new Orders();  // locks may outlive any end of it
  return *made;
}

/// forget() may have something to look for: locks that nobody follows end without the mutex.
std::atomic<bool> ever_on{false};

/// File and line of the Python code that runs, in a few words.
std::string place_of_caller() {
  PyFrameObject* frame = PyEval_GetFrame();
  if (frame == nullptr) return "native code";
  const int line = PyFrame_GetLineNumber(frame);
  const PyRef code = PyRef::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
  const PyRef name = PyRef::steal(PyObject_GetAttrString(code.get(), "co_filename"));
  const char* file = name ? PyUnicode_AsUTF8(name.get()) : nullptr;
  if (file == nullptr) PyErr_Clear();
  return std::string(file == nullptr ? "?" : file) + ":" + std::to_string(line);
}

std::string name_of(const PyObject* lock) {
  char text[64];
  const char* type = Py_TYPE(lock)->tp_name;
  const char* dot = std::strrchr(type, '.');
  std::snprintf(text, sizeof text, "%s %p", dot == nullptr ? type : dot + 1,
                static_cast<const void*>(lock));
  return text;
}

/// The steps of a way from one lock to another over what was taken after what; empty: there is
/// none.
std::vector<std::string> way(const Orders& known, const PyObject* from, const PyObject* to,
                             std::set<const PyObject*>& seen) {
  if (!seen.insert(from).second) return {};
  const auto found = known.after.find(from);
  if (found == known.after.end()) return {};
  for (const auto& [next, text] : found->second) {
    if (next == to) return {text};
    std::vector<std::string> rest = way(known, next, to, seen);
    if (!rest.empty()) return rest.insert(rest.begin(), text), rest;
  }
  return {};
}

/// Notes that `lock` is taken after what this thread holds; what there is to say of that.
std::string note(const PyObject* lock, const std::string& place) {
  Orders& known = orders();
  const std::lock_guard guard(known.mutex);
  const auto mine = known.held.find(this_thread_owner());
  if (mine == known.held.end()) return {};
  for (const Held& held : mine->second) {
    // The lock itself knows what to say of who has it already.
    if (held.lock == lock) return {};
  }
  for (const Held& held : mine->second) {
    if (known.after[held.lock].contains(lock)) continue;
    const std::string step = name_of(lock) + " is taken at " + place + " while " +
                             name_of(held.lock) + ", taken at " + held.place + ", is held";
    std::set<const PyObject*> seen;
    const std::vector<std::string> back = way(known, lock, held.lock, seen);
    if (back.empty()) {
      known.after[held.lock].emplace(lock, step);
      continue;
    }
    if (!known.told.emplace(held.lock, lock).second) continue;
    std::string text = "locks are taken in orders that can deadlock: " + step;
    for (const std::string& other : back) text += "; before, " + other;
    return text;
  }
  return {};
}

}  // namespace

std::atomic<bool> LockOrder::on_{false};

bool LockOrder::set(bool on) {
  Orders& known = orders();
  const std::lock_guard guard(known.mutex);
  known.held.clear();
  known.after.clear();
  known.told.clear();
  if (on) ever_on = true;
  return on_.exchange(on);
}

bool LockOrder::before(PyObject* lock) {
  const std::string text = note(lock, place_of_caller());
  return text.empty() ||
         PyErr_WarnEx(state_of_type(Py_TYPE(lock)).sync->lock_order_warning, text.c_str(), 1) == 0;
}

void LockOrder::acquired(PyObject* lock) {
  std::string place = place_of_caller();
  Orders& known = orders();
  const std::lock_guard guard(known.mutex);
  known.held[this_thread_owner()].push_back({lock, std::move(place)});
}

void LockOrder::released(PyObject* lock) {
  Orders& known = orders();
  const std::lock_guard guard(known.mutex);
  const auto drop = [&](std::vector<Held>& held) {
    for (auto at = held.rbegin(); at != held.rend(); ++at) {
      if (at->lock != lock) continue;
      held.erase(std::next(at).base());
      return true;
    }
    return false;
  };
  const auto mine = known.held.find(this_thread_owner());
  if (mine != known.held.end() && drop(mine->second)) {
    if (mine->second.empty()) known.held.erase(mine);
    return;
  }
  for (auto& [owner, held] : known.held) {
    if (drop(held)) return;
  }
}

void LockOrder::forget(PyObject* lock) noexcept {
  // order: relaxed, a lock that was noted has seen it
  if (!ever_on.load(std::memory_order_relaxed)) return;
  Orders& known = orders();
  const std::lock_guard guard(known.mutex);
  known.after.erase(lock);
  for (auto& [before, after] : known.after) after.erase(lock);
  std::erase_if(known.told,
                [&](const auto& pair) { return pair.first == lock || pair.second == lock; });
  for (auto& [owner, held] : known.held) {
    std::erase_if(held, [&](const Held& each) { return each.lock == lock; });
  }
}

namespace {

PyObject* check_lock_order(PyObject*, PyObject* on) {
  const int truth = PyObject_IsTrue(on);
  if (truth < 0) return nullptr;
  return PyBool_FromLong(LockOrder::set(truth != 0));
}
PyMethodDef functions[] = {
    {"check_lock_order", check_lock_order, METH_O,
     "check_lock_order($module, on, /)\n--\n\n"
     "Have the order checked in which threads take locks; return whether it was.\n\n"
     "A thread that takes a lock while it holds another, where somebody has taken them in the\n"
     "opposite order, directly or over others, gets a LockOrderWarning before it waits, once for\n"
     "each two locks, with the places. Of `Lock`, `Mutex`, `RWLock` and `IntervalLock`; what "
     "tasks\n"
     "take, and what never waits, is left out. Slow; on from the start with COGWAY_DEBUG=1."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

int add_lock_order(PyObject* module, ModuleState& state) {
  PyObject* warning = PyErr_NewExceptionWithDoc(
      "cogway.sync.LockOrderWarning",
      "Threads take locks in orders in which they can wait for each other for ever.",
      PyExc_RuntimeWarning, nullptr);
  state.sync->lock_order_warning = warning;
  if (warning == nullptr || PyModule_AddObjectRef(module, "LockOrderWarning", warning) < 0) {
    return -1;
  }
  const char* debug = std::getenv("COGWAY_DEBUG");
  if (debug != nullptr && *debug != '\0' && std::strcmp(debug, "0") != 0 && !LockOrder::on()) {
    (void)LockOrder::set(true);
  }
  return PyModule_AddFunctions(module, functions);
}

}  // namespace cogway
