// SPDX-License-Identifier: Apache-2.0
#include "cogway/python/completion.hpp"

#include <cstddef>
#include <new>

#include "cogway/python/compat.hpp"
#include "cogway/python/completion_queue.hpp"

namespace cogway {

namespace {

/// Nodes of this thread for reuse: a loop makes and frees them by the thousand. They are linked by
/// next, as in no list.
struct SpareNodes {
  static constexpr std::size_t kMost = 1024;
  Completion* first = nullptr;
  std::size_t count = 0;

  ~SpareNodes() {
    while (first != nullptr) {
      Completion* node = first;
      first = node->next;
      delete node;
    }
    count = kMost;  // a node freed later, by another destructor of this thread, is not kept
  }
  Completion* take() noexcept {
    if (first == nullptr) return new (std::nothrow) Completion();
    Completion* node = first;
    first = node->next;
    --count;
    node->next = nullptr;
    return node;
  }
  void put(Completion* node) noexcept {
    if (count == kMost) {
      delete node;
      return;
    }
    node->next = first;
    first = node;
    ++count;
  }
};
thread_local SpareNodes spare_nodes;

}  // namespace

Completion* Completion::create(CompletionQueue* queue) noexcept {
  Completion* node = spare_nodes.take();
  if (node == nullptr) return nullptr;
  node->queue = queue;
  queue->retain();
  return node;
}

void Completion::link(PyObject* list_owner, Completion** list_head) noexcept {
  COGWAY_BEGIN_CRITICAL_SECTION(list_owner)
  owner = list_owner;
  head = list_head;
  previous = nullptr;
  next = *list_head;
  if (next != nullptr) next->previous = this;
  *list_head = this;
  COGWAY_END_CRITICAL_SECTION()
}

void Completion::unlink() noexcept {
  if (owner == nullptr) return;
  COGWAY_BEGIN_CRITICAL_SECTION(owner)
  (previous != nullptr ? previous->next : *head) = next;
  if (next != nullptr) next->previous = previous;
  COGWAY_END_CRITICAL_SECTION()
  owner = nullptr;
}

void Completion::drop_references() noexcept {
  Py_CLEAR(callback);
  Py_CLEAR(context);
  Py_CLEAR(subject);
}

void Completion::destroy() noexcept {
  CompletionQueue* held = queue;
  spare_nodes.put(this);
  held->release();
}

void Completion::notify_task(Waiter* waiter, Task&) noexcept {
  auto* node = static_cast<Completion*>(waiter);
  node->queue->push(node);
}

void Completion::release_from_mailbox(MailboxItem* item) noexcept {
  auto* node = static_cast<Completion*>(item);
  node->unlink();
  node->drop_references();
  node->destroy();
}

}  // namespace cogway
