// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_words.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <new>

#include "bus/shared_step.hpp"

namespace cogway::detail {
namespace {

constexpr Nanoseconds kNamingPatience = std::chrono::seconds(1);

class NamingLock {
 public:
  explicit NamingLock(SharedControl& control) noexcept
      : mutex_(control.naming),
        // Abandoned: an entry is ready or it is not.
        taken_(RobustMutex::holds(
            mutex_.lock_until(deadline_after(monotonic_now(), kNamingPatience)))) {
    if (taken_) shared_step("word.locked");
  }
  NamingLock(const NamingLock&) = delete;
  NamingLock& operator=(const NamingLock&) = delete;
  ~NamingLock() {
    if (taken_) mutex_.unlock();
  }
  [[nodiscard]] Status status() const {
    if (taken_) return {};
    return {StatusCode::unavailable,
            "a stopped process keeps others from opening words of the bus: continue or kill it"};
  }

 private:
  RobustMutex& mutex_;
  const bool taken_;
};

bool right_name(const std::string& name) noexcept {
  return !name.empty() && name.size() < std::tuple_size_v<decltype(SharedWordEntry::name)> &&
         std::ranges::all_of(
             name,
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
             });
}

std::string name_of(const SharedWordEntry& entry) {
  std::string name;
  for (const std::atomic<char>& letter : entry.name) {
    const char c = letter.load();
    if (c == '\0') break;
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  return name;
}

std::string kind_of(const SharedWordEntry& entry) {
  return std::string(shared_word_kind_name(static_cast<SharedWordKind>(entry.kind.load())));
}

}  // namespace

Status SharedWords::acquire(const std::string& name, SharedWordKind kind, std::uint64_t initial,
                            std::uint32_t* index) {
  if (!right_name(name)) {
    return {StatusCode::invalid_argument,
            "the name of a word is 1 to 63 letters, digits, '_', '-' or '.', not '" + name + "'"};
  }
  const std::lock_guard own(mutex_);
  const NamingLock lock(control_);
  if (Status status = lock.status(); !status.ok()) return status;
  if (Status status = find_or_make(name, kind, initial, index); !status.ok()) return status;
  ++uses_[*index].opens;
  control_.words[*index].openers.fetch_or(std::uint64_t{1} << me_);
  shared_step("word.opened");
  return {};
}

Status SharedWords::find_or_make(const std::string& name, SharedWordKind kind,
                                 std::uint64_t initial, std::uint32_t* index) {
  SharedWordEntry* unused = nullptr;
  for (std::uint32_t i = 0; i < kSharedWords; ++i) {
    SharedWordEntry& entry = control_.words[i];
    if (entry.ready.load() == 0) {
      if (unused == nullptr) {
        unused = &entry;
        *index = i;
      }
    } else if (name_of(entry) == name) {
      *index = i;
      if (entry.kind.load() == static_cast<std::uint32_t>(kind)) return {};
      return {StatusCode::invalid_argument, "word '" + name + "' of the bus is there as " +
                                                kind_of(entry) + ": choose another name"};
    }
  }
  if (unused == nullptr) {
    return {StatusCode::resource_exhausted, "the bus has its " + std::to_string(kSharedWords) +
                                                " words: remove_word() those of no more use"};
  }
  SharedWordEntry& entry = *new (unused) SharedWordEntry;
  entry.kind.store(static_cast<std::uint32_t>(kind));
  entry.value.store(initial);
  for (std::size_t i = 0; i < name.size(); ++i) entry.name[i].store(name[i]);
  shared_step("word.written");
  entry.ready.store(1);
  shared_step("word.ready");
  return {};
}

std::uint32_t SharedWords::release(std::uint32_t index) noexcept {
  const std::lock_guard own(mutex_);
  const std::uint32_t left = --uses_[index].opens;
  if (left == 0) control_.words[index].openers.fetch_and(~(std::uint64_t{1} << me_));
  return left;
}

Status SharedWords::remove(const std::string& name) {
  const std::lock_guard own(mutex_);
  const NamingLock lock(control_);
  if (Status status = lock.status(); !status.ok()) return status;
  for (SharedWordEntry& entry : control_.words) {
    if (entry.ready.load() == 0 || name_of(entry) != name) continue;
    const std::uint64_t openers = entry.openers.load();
    if (openers != 0) {
      const int first = std::countr_zero(openers);
      const std::uint32_t pid =
          first < static_cast<int>(kSharedParticipants)
              ? control_.participants[static_cast<std::size_t>(first)].pid.load()
              : 0;
      return {StatusCode::already_exists,
              "word '" + name + "' is in use: process " + std::to_string(pid) + " has it open"};
    }
    entry.ready.store(0);
    shared_step("word.removed");
    return {};
  }
  return {StatusCode::not_found, "there is no word '" + name + "' on the bus"};
}

void SharedWords::announce(std::uint32_t index, int change) noexcept {
  const std::lock_guard own(mutex_);
  std::uint32_t& waiting = uses_[index].waiting;
  waiting += static_cast<std::uint32_t>(change);
  const std::uint64_t bit = std::uint64_t{1} << me_;
  if (waiting != 0) {
    control_.words[index].waiters.fetch_or(bit);
  } else {
    control_.words[index].waiters.fetch_and(~bit);
  }
}

void SharedWords::bury(SharedControl& control, std::uint32_t dead) noexcept {
  const std::uint64_t others = ~(std::uint64_t{1} << dead);
  for (SharedWordEntry& entry : control.words) {
    entry.waiters.fetch_and(others);
    entry.openers.fetch_and(others);
    std::uint64_t holder = entry.holder.load();
    if (holder >> kHolderShift == dead + 1) entry.holder.compare_exchange_strong(holder, 0);
  }
  shared_step("bury.words");
}

std::vector<SharedWordStatistics> SharedWords::statistics(const SharedControl& control) {
  std::vector<SharedWordStatistics> all;
  for (const SharedWordEntry& entry : control.words) {
    if (entry.ready.load() == 0) continue;
    SharedWordStatistics& one = all.emplace_back();
    one.name = name_of(entry);
    one.kind = kind_of(entry);
    one.openers = static_cast<std::uint32_t>(std::popcount(entry.openers.load()));
    one.waiters = static_cast<std::uint32_t>(std::popcount(entry.waiters.load()));
    one.waits = entry.waits.load();
    one.timeouts = entry.timeouts.load();
    one.notifications = entry.notifications.load();
    one.abandoned = entry.abandoned.load();
    one.inconsistent = entry.inconsistent.load() != 0;
  }
  return all;
}

}  // namespace cogway::detail
