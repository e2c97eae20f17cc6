// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two ends of a waiter list that belong to the operating system: waking and sleeping.

#include <atomic>
#include <bit>
#include <climits>
#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/base/os/futex.hpp"
#include "cogway/engine/waiter.hpp"

namespace cogway {

/// The half of the list's word that changes when it closes. The futex knows 32 bits; both supported
/// machines are little-endian.
inline const std::atomic<std::uint32_t>& futex_word(
    const std::atomic<std::uintptr_t>& word) noexcept {
  static_assert(std::endian::native == std::endian::little);
  static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
  return reinterpret_cast<const std::atomic<std::uint32_t>&>(word);
}

/// Closes the list, notifies its nodes, wakes its sleepers. Once the last of them knows, `subject`
/// may be gone: its memory is not read any more, only its address is used.
template <typename Subject>
void complete(WaiterList<Subject>& list, Subject& subject) noexcept {
  const std::atomic<std::uint32_t>& word = futex_word(list.word());
  auto closed = list.close();
  if (closed.sleepers) os::futex_wake(word, INT_MAX);
  for (auto* node = closed.first; node != nullptr;) {
    auto* next = node->next;  // notify may free the node
    node->notify(node, subject);
    node = next;
  }
}

/// Sleeps until the list is closed, the deadline, a signal, or the kernel's whim.
template <typename Subject>
void sleep_once(WaiterList<Subject>& list, TimePoint deadline) noexcept {
  std::uintptr_t word = 0;
  if (!list.add_sleeper(word)) return;
  os::futex_wait(futex_word(list.word()), static_cast<std::uint32_t>(word), deadline);
}

}  // namespace cogway
