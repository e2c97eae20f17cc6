// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/shared_mutex.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bus/shared_step.hpp"
#include "bus/shared_words.hpp"

namespace cogway {
namespace {

using Taken = RobustMutex::Taken;

// A lock that lends priority is not woken by signals.
constexpr Nanoseconds kMutexLook = std::chrono::milliseconds(50);

}  // namespace

Status SharedMutex::open(std::shared_ptr<SharedBus> bus, const std::string& name, Out out) {
  std::shared_ptr<SharedWord> word;
  Status status = SharedWord::open(std::move(bus), name, SharedWordKind::mutex, 0, &word);
  if (status.ok()) out->reset(new SharedMutex(std::move(word)));
  return status;
}

SharedMutex::~SharedMutex() = default;

// ---- locking ------------------------------------------------------------------------------------

Status SharedMutex::take(TimePoint deadline, WordInterrupt interrupt) {
  if (Status status = word_->usable(); !status.ok()) return status;
  detail::SharedWordEntry& entry = word_->entry_;
  Taken taken = entry.mutex.lock_until(TimePoint{});
  if (taken == Taken::no) {
    if (deadline <= monotonic_now()) return word_->late();  // a try is no wait
    const SharedWord::Waiting waiting(*word_);
    for (;;) {
      const TimePoint now = monotonic_now();
      taken = entry.mutex.lock_until(std::min(deadline, deadline_after(now, kMutexLook)));
      if (taken != Taken::no) break;
      if (Status status = word_->usable(); !status.ok()) return status;
      if (deadline <= monotonic_now()) return word_->overdue();
      if (interrupt.asked != nullptr && interrupt.asked(interrupt.argument)) {
        return {StatusCode::cancelled, "the wait for mutex '" + name() + "' was interrupted"};
      }
    }
  }
  switch (taken) {
    case Taken::ours:
      return {StatusCode::invalid_argument,
              "this thread has mutex '" + name() + "': it is not recursive"};
    case Taken::abandoned:
      detail::shared_step("mutex.abandoned");  // killed here, the next one is told, too
      entry.inconsistent.store(1);
      entry.abandoned.fetch_add(1);
      break;
    case Taken::yes:
      break;
    case Taken::no:
    case Taken::broken:
      return {StatusCode::internal,
              "mutex '" + name() + "' is damaged: a process wrote where it may not"};
  }
  entry.holder.store(holder_word());
  detail::shared_step("mutex.locked");
  return {};
}

Status SharedMutex::lock(TimePoint deadline, WordInterrupt interrupt) {
  if (Status status = take(deadline, interrupt); !status.ok()) return status;
  if (!inconsistent()) return {};
  (void)unlock();
  return {StatusCode::data_loss, "a process or thread ended with mutex '" + name() +
                                     "': what it protects may be half changed, so repair it"};
}

Status SharedMutex::lock_to_repair(bool* broken, TimePoint deadline, WordInterrupt interrupt) {
  Status status = take(deadline, interrupt);
  if (status.ok()) *broken = inconsistent();
  return status;
}

// ---- unlocking ----------------------------------------------------------------------------------

Status SharedMutex::give(bool repaired) {
  detail::SharedWordEntry& entry = word_->entry_;
  const bool ours = bus()->belongs_here() && entry.holder.load() == holder_word();
  if (ours) {
    if (repaired) entry.inconsistent.store(0);
    entry.holder.store(0);  // before another one's
    detail::shared_step("mutex.unlocking");
    if (entry.mutex.unlock()) return {};
  }
  return {StatusCode::not_found, "this thread does not have mutex '" + name() + "'"};
}

Status SharedMutex::unlock() { return give(false); }
Status SharedMutex::unlock_repaired() { return give(true); }

std::uint64_t SharedMutex::holder_word() const noexcept {
  // An address that no other thread of this process has; asking the kernel would cost more.
  return std::uint64_t{bus()->participant() + 1} << detail::kHolderShift |
         reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
}
bool SharedMutex::locked() const noexcept { return word_->entry_.holder.load() != 0; }
bool SharedMutex::inconsistent() const noexcept { return word_->entry_.inconsistent.load() != 0; }

}  // namespace cogway
