// SPDX-License-Identifier: Apache-2.0
#pragma once
// A lock that the processes of a shared bus find by name. An owner that is killed cannot take it
// along, and nobody enters unaware what it left half done. Within one process use PiMutex.

#include <memory>
#include <string>

#include "cogway/bus/shared_word.hpp"

namespace cogway {

/// When an owner ends with it, the process or only the thread, the lock becomes inconsistent: free,
/// but given to nobody who does not ask for it by lock_to_repair(). It stays so over further deaths
/// until unlock_repaired().
///
/// Lends its waiters' priority to its owner, across processes.
///
/// **Threads**: any, of any process; unlocked by the thread that locked it. Not recursive.
/// **Ownership**: held by shared_ptr; keeps the bus. Destroyed while this process has the lock, it
/// stays locked until the thread ends, and the bus is kept until the process does. After fork() the
/// child's copy is inert.
/// **Progress**: blocking, until a deadline. Not fair.
/// **Order**: unlock(), or the owner's death, publishes to the next lock().
class SharedMutex {
 public:
  using Out = std::shared_ptr<SharedMutex>*;
  /// As SharedWord::open(), with which it shares names.
  static Status open(std::shared_ptr<SharedBus> bus, const std::string& name, Out out);
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;
  ~SharedMutex();

  /// data_loss: it is inconsistent, and not locked; deadline_exceeded; cancelled;
  /// invalid_argument: this thread has it; failed_precondition: the bus is closed; internal: a
  /// process wrote where it may not.
  Status lock(TimePoint deadline = kNever, WordInterrupt interrupt = {});
  /// The same, and locks it where it is inconsistent, too: `*broken` says whether it is.
  Status lock_to_repair(bool* broken, TimePoint deadline = kNever, WordInterrupt interrupt = {});
  /// not_found: this thread does not have it. What is inconsistent stays it.
  Status unlock();
  /// The same, and what it protects is right again.
  Status unlock_repaired();

  /// Whether somebody has it, as far as anybody told: a dead owner does until the next lock.
  [[nodiscard]] bool locked() const noexcept;
  [[nodiscard]] bool inconsistent() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept { return word_->name(); }
  [[nodiscard]] const std::shared_ptr<SharedBus>& bus() const noexcept { return word_->bus(); }

 private:
  explicit SharedMutex(std::shared_ptr<SharedWord> word) noexcept : word_(std::move(word)) {}
  Status take(TimePoint deadline, WordInterrupt interrupt);
  Status give(bool repaired);
  [[nodiscard]] std::uint64_t holder_word() const noexcept;

  const std::shared_ptr<SharedWord> word_;
};

}  // namespace cogway
