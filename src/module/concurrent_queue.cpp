// SPDX-License-Identifier: Apache-2.0
#include "module/concurrent_queue.hpp"

#include <algorithm>
#include <optional>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/loop_rings.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

int raise_shut_down(PyObject* self) {
  PyErr_SetString(as_queue(self)->state->sync->queue_shut_down, "the queue is shut down");
  return -1;
}

/// One look at the row: the item there, or nullptr behind its end. False: it has changed.
bool look_at(PyObject* self, std::size_t i, std::uint64_t version, PyRef& item) {
  bool same = true;
  PyObject* found = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  const QueueStore& store = as_queue(self)->store;
  same = store.version() == version;
  if (same && i < store.size()) found = Py_NewRef(store.at(i));
  COGWAY_END_CRITICAL_SECTION()
  item = PyRef::steal(found);
  return same;
}

/// Where an item goes by priority, behind all that are greater; equal ones come out in the order in
/// which they were put. `version` is that of the row in which it is so. False with an exception.
bool find_place(PyObject* self, PyObject* item, std::size_t& place, std::uint64_t& version) {
  for (;;) {
    std::size_t low = 0;
    std::size_t high = 0;
    COGWAY_BEGIN_CRITICAL_SECTION(self)
    version = as_queue(self)->store.version();
    high = as_queue(self)->store.size();
    COGWAY_END_CRITICAL_SECTION()
    bool same = true;
    while (same && low < high) {
      const std::size_t middle = low + (high - low) / 2;
      PyRef other;
      same = look_at(self, middle, version, other);
      if (!same) break;
      // Behind the end are items that were taken meanwhile.
      const int less = other ? PyObject_RichCompareBool(item, other.get(), Py_LT) : 0;
      if (less < 0) return false;
      less > 0 ? low = middle + 1 : high = middle;
    }
    if (!same) continue;
    place = low;
    return true;
  }
}

void give_back_room(PyObject* self) {
  WakeBatch<> wakes;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  as_queue(self)->core.give_back_room(as_queue(self)->store, wakes);
  COGWAY_END_CRITICAL_SECTION()
}

/// As a WaitKind's start.
int put(PyObject* self, SyncWait& wait, PutTurn turn) {
  ConcurrentQueueObject* queue = as_queue(self);
  PyObject* item = wait.cargo;
  const bool sorted = queue->store.order() == StoreOrder::priority;
  for (;;) {
    std::size_t place = 0;
    std::uint64_t version = 0;
    if (sorted && !find_place(self, item, place, version)) {
      if (turn == PutTurn::given) give_back_room(self);
      return -1;
    }
    bool current = true;
    bool memory = true;
    QueueStep step = QueueStep::waits;
    Py_INCREF(item);
    {
      std::optional<LoopRings> rings;
      WakeBatch<> wakes;
      COGWAY_BEGIN_CRITICAL_SECTION(self)
      if (queue->core.getter_waits()) rings.emplace();
      current = !sorted || queue->store.version() == version;
      memory = queue->store.reserve();
      if (current && memory) {
        step = queue->core.put(&wait, turn, QueueStore::to_item(item), place, queue->store, wakes);
      }
      COGWAY_END_CRITICAL_SECTION()
    }
    if (step == QueueStep::done) return 1;
    Py_DECREF(item);  // the caller has it
    if (step == QueueStep::closed) return raise_shut_down(self);
    if (!memory) {
      if (turn == PutTurn::given) give_back_room(self);
      PyErr_NoMemory();
      return -1;
    }
    if (current) return 0;
  }
}

PyObject* take(PyObject* self, SyncWait* wait, QueueStep& step) {
  QueueStore::Item item = 0;
  WakeBatch<> wakes;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  step = as_queue(self)->core.get(wait, item, as_queue(self)->store, wakes);
  COGWAY_END_CRITICAL_SECTION()
  return QueueStore::to_object(item);
}

}  // namespace

const WaitKind kQueuePut = {
    nullptr,
    [](PyObject* self, SyncWait& wait) { return put(self, wait, PutTurn::fresh); },
    [](PyObject* self, SyncWait& wait) {
      if (wait.outcome() == WaitOutcome::broken) return raise_shut_down(self);
      const bool given = wait.outcome() == WaitOutcome::granted;
      return put(self, wait, given ? PutTurn::given : PutTurn::again);
    },
    [](PyObject* self, SyncWait& wait) {
      bool withdrawn = false;
      WakeBatch<> wakes;
      COGWAY_BEGIN_CRITICAL_SECTION(self)
      withdrawn = as_queue(self)->core.withdraw_put(wait, as_queue(self)->store, wakes);
      COGWAY_END_CRITICAL_SECTION()
      return withdrawn;
    },
    [](PyObject* self, SyncWait& wait) {
      if (wait.outcome() == WaitOutcome::granted) give_back_room(self);
    },
    [](PyObject*, SyncWait&) { return Py_NewRef(Py_None); },
};

const WaitKind kQueueGet = {
    nullptr,
    [](PyObject* self, SyncWait& wait) {
      QueueStep step = QueueStep::waits;
      PyObject* item = take(self, &wait, step);
      if (step == QueueStep::closed) return raise_shut_down(self);
      if (step == QueueStep::waits) return 0;
      wait.value = QueueStore::to_item(item);
      return 1;
    },
    [](PyObject* self, SyncWait& wait) {
      return wait.outcome() == WaitOutcome::granted ? 1 : raise_shut_down(self);
    },
    [](PyObject* self, SyncWait& wait) {
      bool withdrawn = false;
      COGWAY_BEGIN_CRITICAL_SECTION(self)
      withdrawn = as_queue(self)->core.withdraw_get(wait);
      COGWAY_END_CRITICAL_SECTION()
      return withdrawn;
    },
    [](PyObject* self, SyncWait& wait) {
      if (wait.outcome() != WaitOutcome::granted) return;
      WakeBatch<> wakes;
      COGWAY_BEGIN_CRITICAL_SECTION(self)
      as_queue(self)->core.give_back_item(static_cast<QueueStore::Item>(wait.value),
                                          as_queue(self)->store, wakes);
      COGWAY_END_CRITICAL_SECTION()
    },
    [](PyObject*, SyncWait& wait) {
      return QueueStore::to_object(static_cast<QueueStore::Item>(wait.value));
    },
};

const WaitKind kQueueJoin = {
    nullptr,
    [](PyObject* self, SyncWait& wait) {
      int over = 0;
      COGWAY_BEGIN_CRITICAL_SECTION(self)
      over = as_queue(self)->core.join(wait);
      COGWAY_END_CRITICAL_SECTION()
      return over;
    },
    [](PyObject*, SyncWait&) { return 1; },
    [](PyObject* self, SyncWait& wait) {
      bool withdrawn = false;
      COGWAY_BEGIN_CRITICAL_SECTION(self)
      withdrawn = as_queue(self)->core.withdraw_join(wait);
      COGWAY_END_CRITICAL_SECTION()
      return withdrawn;
    },
    [](PyObject*, SyncWait&) {},
};

PyObject* queue_take(PyObject* self) {
  QueueStep step = QueueStep::waits;
  return take(self, nullptr, step);
}

void queue_shut_down(PyObject* self, bool immediate) {
  ItemRing drained;  // dropped last: that may run anything
  WakeBatch<> wakes;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  auto& core = as_queue(self)->core;
  core.close(wakes);
  if (immediate) {
    as_queue(self)->store.swap(drained);
    (void)core.finish(std::min<std::uint64_t>(drained.size(), core.unfinished()), wakes);
  }
  COGWAY_END_CRITICAL_SECTION()
}

bool queue_finish(PyObject* self) {
  bool counted = false;
  WakeBatch<> wakes;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  counted = as_queue(self)->core.finish(1, wakes);
  COGWAY_END_CRITICAL_SECTION()
  return counted;
}

std::size_t queue_size(PyObject* self) {
  std::size_t size = 0;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  size = as_queue(self)->store.size();
  COGWAY_END_CRITICAL_SECTION()
  return size;
}

}  // namespace cogway
