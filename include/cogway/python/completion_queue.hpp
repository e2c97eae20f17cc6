// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where completed nodes wait for the thread that will call their callbacks: a lock-free stack and a
// way to wake its reader. A loop bridge and the callback thread each have one.

#include <atomic>
#include <cstdint>

#include "cogway/base/os/event_fd.hpp"
#include "cogway/python/completion.hpp"
#include "cogway/python/release_mailbox.hpp"
#include "cogway/queue/polled_stack.hpp"

namespace cogway {

/// **Threads**: `push` from any thread; `take`, `begin_polling`, `end_polling` by the one reader;
/// `close` attached.
/// **Ownership**: counted; the reading object and every node in flight hold a reference.
/// **Progress**: `push` is lock-free, and makes one system call only when the stack was empty and
/// the reader does not poll. `take` is lock-free.
/// **Order**: `push` publishes the node and what its task wrote to `take`.
/// **Linearizable?** yes: push and take at their exchanges. Unbounded: nodes are the waiters'.
class CompletionQueue {
 public:
  struct Statistics {
    std::uint64_t pushed = 0;
    std::uint64_t signals = 0;   ///< system calls made to wake the reader
    std::uint64_t diverted = 0;  ///< completions that came after close()
  };

  /// Throws std::system_error when no descriptor is to be had.
  explicit CompletionQueue(ReleaseMailbox* mailbox);
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  void push(Completion* node) noexcept {
    if (push_unrung(node)) ring();
  }
  /// As push(), but the wake-up, if one is due, is left to the caller: true, and ring() has to
  /// follow soon, since later pushes rely on it. The queue stays until then.
  [[nodiscard]] bool push_unrung(Completion* node) noexcept;
  void ring() noexcept;
  /// Everything pushed so far, oldest first, linked by next_ready; nullptr when empty.
  [[nodiscard]] Completion* take() noexcept;
  [[nodiscard]] bool empty() const noexcept { return ready_.empty(); }

  /// The descriptor that becomes readable, for epoll.
  [[nodiscard]] int fd() const noexcept { return event_.fd(); }
  void signal() noexcept { event_.signal(); }
  void clear_signal() noexcept { (void)event_.drain(); }

  /// While the reader polls, pushes make no system call.
  void begin_polling() noexcept { ready_.begin_polling(); }
  /// False: something was pushed meanwhile without a signal; take it.
  [[nodiscard]] bool end_polling() noexcept { return ready_.end_polling(); }
  [[nodiscard]] bool polling() const noexcept { return ready_.polling(); }

  /// From now on completions go to the mailbox, where their references are dropped. Returns what
  /// was waiting, as take() does. Idempotent.
  [[nodiscard]] Completion* close() noexcept { return chained(ready_.close(), nullptr); }
  [[nodiscard]] bool closed() const noexcept { return ready_.closed(); }

  [[nodiscard]] ReleaseMailbox* mailbox() const noexcept { return mailbox_; }
  [[nodiscard]] Statistics statistics() const noexcept;

  void retain() noexcept;
  void release() noexcept;

 private:
  ~CompletionQueue();
  /// Links what was taken by next_ready; *count, if not null, is how many.
  static Completion* chained(Completion* oldest, std::uint64_t* count) noexcept;

  PolledStack<Completion> ready_;
  std::atomic<std::uint64_t> pushed_{0};
  std::atomic<std::uint64_t> signals_{0};
  std::atomic<std::uint64_t> diverted_{0};
  std::atomic<std::uint32_t> references_{1};
  ReleaseMailbox* mailbox_;
  os::EventFd event_;
};

}  // namespace cogway
