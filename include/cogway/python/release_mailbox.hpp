// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where native threads leave what only an attached thread may drop: Py_buffers, capsules, tickets
// of closed loops. One for each interpreter. Not a queue of work: entries run only release code.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/queue/mpsc_stack.hpp"

namespace cogway {

/// One thing to be released. Embedded in whatever owns the Python references, so posting allocates
/// nothing. `release` runs attached, and frees the item.
struct MailboxItem : MpscStackNode<> {
  using Release = void (*)(MailboxItem* item) noexcept;
  MailboxItem() = default;
  explicit MailboxItem(Release function) noexcept : release(function) {}
  Release release = nullptr;
};

/// A stack of items with counters.
///
/// **Threads**: `post` from any thread, attached or not; `drain` only attached to the interpreter
/// that the mailbox belongs to (several threads may drain at once, each takes what it finds).
/// **Ownership**: counted; the module state holds one reference, and so does every object that may
/// post from a native thread. What `close()` did not find is refused by the same step that closed:
/// an item is released, or it is leaked on purpose and counted, there being no interpreter left to
/// drop it in.
/// **Progress**: `post` lock-free, `drain` lock-free to take, then as long as the releases take.
/// **Order**: what happened before `post` is visible to `release`.
class ReleaseMailbox {
 public:
  struct Statistics {
    std::uint64_t posted = 0;
    std::uint64_t released = 0;
    std::uint64_t drains = 0;     ///< drains that found something
    std::uint64_t abandoned = 0;  ///< posted after the interpreter was torn down
  };

  ReleaseMailbox() = default;
  ReleaseMailbox(const ReleaseMailbox&) = delete;
  ReleaseMailbox& operator=(const ReleaseMailbox&) = delete;

  void post(MailboxItem* item) noexcept;

  /// True when a drain would find something: one load, for hot paths.
  [[nodiscard]] bool pending() const noexcept { return !items_.empty(); }
  /// Releases all items, oldest first. Returns how many. Keeps a raised exception as it was.
  std::size_t drain() noexcept;

  /// Called in the poster's thread when an item makes the mailbox non-empty: wakes a reaper. Set
  /// once, before the first post.
  void set_wake(void (*wake)(void* argument) noexcept, void* argument) noexcept;

  /// Drains for the last time; later posts are counted as abandoned.
  void close() noexcept;

  [[nodiscard]] Statistics statistics() const noexcept;

  void retain() noexcept;
  void release() noexcept;

 private:
  ~ReleaseMailbox() = default;
  std::size_t release_all(MailboxItem* oldest) noexcept;

  MpscStack<MailboxItem> items_;
  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint64_t> posted_{0};
  std::atomic<std::uint64_t> released_{0};
  std::atomic<std::uint64_t> drains_{0};
  std::atomic<std::uint64_t> abandoned_{0};
  std::atomic<void (*)(void*) noexcept> wake_{nullptr};
  void* wake_argument_ = nullptr;
};

}  // namespace cogway
