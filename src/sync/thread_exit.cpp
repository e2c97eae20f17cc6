// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/thread_exit.hpp"

#include <algorithm>
#include <deque>
#include <new>

namespace cogway {
namespace {

struct Entry {
  void** variable;
  ThreadExit::Destructor destructor;
};

/// Without a destructor of its own, so that it can be read until the thread is gone.
thread_local bool over = false;

/// The runtime destroys it at the end of a thread, and of the main thread in exit().
struct List {
  std::deque<Entry> entries;

  List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    // A destructor may add and remove others.
    while (!entries.empty()) {
      const Entry first = entries.front();
      entries.pop_front();
      if (void* value = *first.variable; value != nullptr) first.destructor(value);
    }
    over = true;
  }
};

List& list() {
  thread_local List mine;
  return mine;
}

}  // namespace

bool ThreadExit::add(void** variable, Destructor destructor) noexcept {
  if (over) return false;
  try {
    list().entries.push_back({variable, destructor});
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool ThreadExit::remove(void** variable) noexcept {
  if (over) return false;
  try {
    return std::erase_if(list().entries, [variable](const Entry& entry) {
             return entry.variable == variable;
           }) != 0;
  } catch (const std::bad_alloc&) {
    return false;  // the list could not even be made
  }
}

}  // namespace cogway
