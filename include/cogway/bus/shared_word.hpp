// SPDX-License-Identifier: Apache-2.0
#pragma once
// An atomic number that the processes of a shared bus find by name, and on which they wait for each
// other. Within one process AtomicNumber alone is cheaper to wait on.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cogway/base/clock.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/shared_bus.hpp"
#include "cogway/sync/atomic_number.hpp"

namespace cogway {

namespace detail {
struct SharedWordEntry;
}  // namespace detail

enum class SharedWordKind : std::uint32_t { int64 = 1, uint64, float64, boolean, mutex };

/// "int64" and so on; "unknown" for a value outside the enumeration.
[[nodiscard]] std::string_view shared_word_kind_name(SharedWordKind kind) noexcept;

/// Asked twenty times a second while a call waits; true ends the wait: cancelled.
struct WordInterrupt {
  bool (*asked)(void*) = nullptr;
  void* argument = nullptr;
};

/// The word lives as long as its bus, whoever has it open, until remove_word(): a process that is
/// killed and comes again finds the value that it left.
///
/// **Threads**: any, for all calls, of any process.
/// **Ownership**: held by shared_ptr; keeps the bus. After fork() the child's copy is inert.
/// **Progress**: value() and notify() lock-free. wait_while() waits; looks twenty times a second
/// even where nobody notifies, so that a notification dies with nobody.
/// **Order**: who changes the value with a sequentially consistent step and then notifies is seen
/// by whoever waits.
/// **Linearizable?** The value is, as AtomicNumber.
class SharedWord {
 public:
  using Out = std::shared_ptr<SharedWord>*;
  /// Finds the word of that name (1 to 63 letters, digits, '_', '-' or '.') on the bus, or makes it
  /// with that value. invalid_argument: it is of another kind; resource_exhausted: the bus has its
  /// 128 words; failed_precondition: the bus is closed; unavailable: a stopped process keeps others
  /// from opening words.
  static Status open(std::shared_ptr<SharedBus> bus, const std::string& name, SharedWordKind kind,
                     std::uint64_t initial, Out out);
  SharedWord(const SharedWord&) = delete;
  SharedWord& operator=(const SharedWord&) = delete;
  ~SharedWord();

  /// The number itself; T as the kind says, std::uint8_t for a boolean. May be given to kernels as
  /// an address, and stays where it is while this lives.
  template <typename T>
  [[nodiscard]] AtomicNumber<T>& value() const noexcept {
    return *reinterpret_cast<AtomicNumber<T>*>(place_);
  }

  /// Waits while `same()`, which reads the word with a sequentially consistent load.
  /// deadline_exceeded; cancelled; failed_precondition: the bus is closed.
  template <typename Same>
  Status wait_while(Same&& same, TimePoint deadline = kNever, WordInterrupt interrupt = {}) {
    if (!same()) return {};
    const Waiting waiting(*this);  // before the next look: a notifier sees it, or is seen
    for (;;) {
      const std::uint32_t seen = turn();
      if (!same()) return {};
      if (Status status = rest(seen, deadline, interrupt); !status.ok()) return status;
    }
  }
  /// Has so many of those who wait look again; returns how many were asleep.
  std::size_t notify(std::size_t most = SIZE_MAX) noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] SharedWordKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::shared_ptr<SharedBus>& bus() const noexcept { return bus_; }

 private:
  friend class SharedMutex;
  /// While it lives, notifiers know that this process waits.
  class Waiting {
   public:
    explicit Waiting(SharedWord& word) noexcept;
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting();

   private:
    SharedWord& word_;
  };

  SharedWord(std::shared_ptr<SharedBus> bus, std::string name, SharedWordKind kind,
             std::uint32_t index, detail::SharedWordEntry& entry) noexcept;
  Status usable() const;
  [[nodiscard]] std::uint32_t turn() const noexcept;
  Status rest(std::uint32_t seen, TimePoint deadline, WordInterrupt interrupt);
  [[nodiscard]] Status late() const;
  [[nodiscard]] Status overdue();

  const std::shared_ptr<SharedBus> bus_;
  const std::string name_;
  const SharedWordKind kind_;
  const std::uint32_t index_;  ///< of the entry
  detail::SharedWordEntry& entry_;
  std::byte* const place_;
};

}  // namespace cogway
