// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/shared_word.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "bus/shared_step.hpp"
#include "bus/shared_words.hpp"
#include "cogway/base/os/futex.hpp"

namespace cogway {
namespace {

// A killed process notifies nobody: who waits looks this often.
constexpr Nanoseconds kWordLook = std::chrono::milliseconds(50);

void tally(std::atomic<std::uint64_t>& counter) noexcept {
  // order: relaxed, a statistic
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

std::string_view shared_word_kind_name(SharedWordKind kind) noexcept {
  switch (kind) {
    case SharedWordKind::int64:
      return "int64";
    case SharedWordKind::uint64:
      return "uint64";
    case SharedWordKind::float64:
      return "float64";
    case SharedWordKind::boolean:
      return "bool";
    case SharedWordKind::mutex:
      return "mutex";
  }
  return "unknown";
}

SharedWord::SharedWord(std::shared_ptr<SharedBus> bus, std::string name, SharedWordKind kind,
                       std::uint32_t index, detail::SharedWordEntry& entry) noexcept
    : bus_(std::move(bus)),
      name_(std::move(name)),
      kind_(kind),
      index_(index),
      entry_(entry),
      place_(reinterpret_cast<std::byte*>(&entry.value)) {}

Status SharedWord::open(std::shared_ptr<SharedBus> bus, const std::string& name,
                        SharedWordKind kind, std::uint64_t initial, Out out) {
  if (Status status = bus->usable(); !status.ok()) return status;
  std::uint32_t index = 0;
  detail::SharedWords& words = *bus->words_;
  if (Status status = words.acquire(name, kind, initial, &index); !status.ok()) return status;
  detail::SharedWordEntry& entry = words.entry(index);
  try {
    out->reset(new SharedWord(std::move(bus), name, kind, index, entry));
  } catch (...) {
    words.release(index);
    throw;
  }
  return {};
}

SharedWord::~SharedWord() {
  if (!bus_->belongs_here()) return;
  const bool held = entry_.holder.load() >> detail::kHolderShift == bus_->participant() + 1;
  // A thread that has the lock keeps a list through its memory, which must stay mapped.
  if (bus_->words_->release(index_) == 0 && held) bus_->retain();
}

Status SharedWord::usable() const { return bus_->usable(); }

std::uint32_t SharedWord::turn() const noexcept { return entry_.turn.load(); }

Status SharedWord::late() const {
  return {StatusCode::deadline_exceeded, "nothing happened to word '" + name_ + "' in time"};
}
Status SharedWord::overdue() {
  tally(entry_.timeouts);
  return late();
}

SharedWord::Waiting::Waiting(SharedWord& word) noexcept : word_(word) {
  word_.bus_->words_->announce(word_.index_, 1);
  tally(word_.entry_.waits);
  detail::shared_step("word.waiting");
}
SharedWord::Waiting::~Waiting() { word_.bus_->words_->announce(word_.index_, -1); }

Status SharedWord::rest(std::uint32_t seen, TimePoint deadline, WordInterrupt interrupt) {
  if (Status status = usable(); !status.ok()) return status;
  const TimePoint now = monotonic_now();
  if (now >= deadline) return overdue();
  os::futex_wait(entry_.turn, seen, std::min(deadline, deadline_after(now, kWordLook)),
                 os::FutexScope::shared);
  if (interrupt.asked != nullptr && interrupt.asked(interrupt.argument)) {
    return {StatusCode::cancelled, "the wait for word '" + name_ + "' was interrupted"};
  }
  return {};
}

std::size_t SharedWord::notify(std::size_t most) noexcept {
  if (most == 0 || !bus_->belongs_here() || entry_.waiters.load() == 0) return 0;
  entry_.turn.fetch_add(1);
  detail::shared_step("word.turned");
  tally(entry_.notifications);
  const int sleepers =
      static_cast<int>(std::min<std::size_t>(most, std::numeric_limits<int>::max()));
  return static_cast<std::size_t>(
      std::max(0, os::futex_wake(entry_.turn, sleepers, os::FutexScope::shared)));
}

}  // namespace cogway
