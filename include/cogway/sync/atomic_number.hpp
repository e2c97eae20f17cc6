// SPDX-License-Identifier: Apache-2.0
#pragma once
// A number that threads change in one step each, and that never overflows unseen. One bare word, so
// it may be placed in shared memory and be worked on by kernels, other interpreters and other
// processes at once. Not a replacement for std::atomic in lock-free code: every step here is
// sequentially consistent.

#include <atomic>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "cogway/base/cpu.hpp"

namespace cogway {

/// **Threads**: all calls from any thread, and from any process that maps the word.
/// **Ownership**: a value; not movable, its address is its identity.
/// **Progress**: load(), store(), exchange(), compare_exchange() and wrapping_*() are wait-free
/// where the hardware's instructions are; the rest is lock-free. prefetch_to_write() lets a loop of
/// compare-exchange fetch its line once, as one fetch-and-add does.
/// **Order**: sequentially consistent.
/// **Linearizable?** yes. An operation that would overflow changes nothing, and nobody ever sees a
/// value that has wrapped unless by a call whose name says so.
template <typename T, template <typename> class Atom = std::atomic>
class AtomicNumber {
  static_assert(std::is_arithmetic_v<T>);

 public:
  constexpr explicit AtomicNumber(T value = T{}) noexcept : word_(value) {}
  AtomicNumber(const AtomicNumber&) = delete;
  AtomicNumber& operator=(const AtomicNumber&) = delete;

  [[nodiscard]] T load() const noexcept { return word_.load(); }
  void store(T value) noexcept { word_.store(value); }
  T exchange(T value) noexcept { return word_.exchange(value); }
  /// Becomes `desired` where it is `expected`; returns what it was, which is `expected` exactly
  /// when it was changed. Floating-point numbers are compared by their bits: 0.0 is not -0.0, and a
  /// NaN is itself.
  T compare_exchange(T expected, T desired) noexcept {
    word_.compare_exchange_strong(expected, desired);
    return expected;
  }

  /// Becomes what `change` makes of it; returns what it was. When `change` returns nothing, nothing
  /// is changed and nothing returned. It may be called several times.
  template <typename Change>
  std::optional<T> fetch_update(Change&& change) {
    prefetch_to_write(&word_);
    T seen = word_.load();
    for (;;) {
      const std::optional<T> next = change(seen);
      if (!next) return std::nullopt;
      if (word_.compare_exchange_weak(seen, *next)) return seen;
    }
  }

  /// Empty where the sum does not fit.
  std::optional<T> fetch_add(T by) noexcept {
    T was;
    return fetch_add(by, &was) ? std::optional<T>(was) : std::nullopt;
  }
  std::optional<T> fetch_sub(T by) noexcept {
    T was;
    return fetch_sub(by, &was) ? std::optional<T>(was) : std::nullopt;
  }
  /// The same; false where it does not fit. An optional is stored and loaded again around the
  /// locked instruction.
  [[nodiscard]] bool fetch_add(T by, T* was) noexcept {
    return fetch_step([by](T now, T* next) { return sum(now, by, next); }, was);
  }
  [[nodiscard]] bool fetch_sub(T by, T* was) noexcept {
    return fetch_step([by](T now, T* next) { return difference(now, by, next); }, was);
  }
  /// The greater of what it is and `value`; a NaN is neither greater nor smaller.
  T fetch_max(T value) noexcept {
    return fetch_change([value](T now) { return value > now ? value : now; });
  }
  T fetch_min(T value) noexcept {
    return fetch_change([value](T now) { return value < now ? value : now; });
  }

  /// Modulo 2 to the number of bits, as the hardware does it.
  T wrapping_fetch_add(T by) noexcept
    requires std::integral<T>
  {
    return word_.fetch_add(by);
  }
  T wrapping_fetch_sub(T by) noexcept
    requires std::integral<T>
  {
    return word_.fetch_sub(by);
  }
  T fetch_and(T by) noexcept
    requires std::integral<T>
  {
    return word_.fetch_and(by);
  }
  T fetch_or(T by) noexcept
    requires std::integral<T>
  {
    return word_.fetch_or(by);
  }
  T fetch_xor(T by) noexcept
    requires std::integral<T>
  {
    return word_.fetch_xor(by);
  }

 private:
  /// fetch_update() for a change that always is one.
  template <typename Change>
  T fetch_change(Change&& change) noexcept {
    prefetch_to_write(&word_);
    T seen = word_.load();
    while (!word_.compare_exchange_weak(seen, change(seen))) {
    }
    return seen;
  }

  /// fetch_update() for a step that tells by its result whether there is a next value.
  template <typename Step>
  bool fetch_step(Step&& step, T* was) noexcept {
    prefetch_to_write(&word_);
    T seen = word_.load();
    T next;
    do {
      if (!step(seen, &next)) return false;
    } while (!word_.compare_exchange_weak(seen, next));
    *was = seen;
    return true;
  }

  static bool sum(T a, T b, T* result) noexcept {
    if constexpr (std::is_integral_v<T>) {
      return !__builtin_add_overflow(a, b, result);
    } else {
      *result = a + b;
      return true;
    }
  }
  static bool difference(T a, T b, T* result) noexcept {
    if constexpr (std::is_integral_v<T>) {
      return !__builtin_sub_overflow(a, b, result);
    } else {
      *result = a - b;
      return true;
    }
  }

  Atom<T> word_;  ///< written and read by all
};

static_assert(sizeof(AtomicNumber<std::int64_t>) == 8 && sizeof(AtomicNumber<double>) == 8,
              "one bare word, to be placed anywhere");

}  // namespace cogway
