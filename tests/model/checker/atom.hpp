// SPDX-License-Identifier: Apache-2.0
#pragma once
// std::atomic as the checker has it, and how threads wait there. Instantiate a lock-free type with
// `model::Atom` and every access becomes a scheduling point with a choice of values.

#include <atomic>
#include <bit>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "checker/execution.hpp"
#include "cogway/sync/parking.hpp"

namespace cogway::model {

/// Outside of an execution (in a destructor after it, say) it is a plain variable.
template <typename T>
class Atom {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  using Where = std::source_location;
  static constexpr std::memory_order kStrongest = std::memory_order_seq_cst;

 public:
  Atom() : Atom(T{}) {}
  Atom(T value) : plain_(value) {  // NOLINT: as std::atomic
    if (Execution* run = Execution::current()) location_ = run->add_location(bits(value));
  }
  Atom(const Atom&) = delete;
  Atom& operator=(const Atom&) = delete;

  T load(std::memory_order order = kStrongest, Where where = Where::current()) const {
    Execution* run = Execution::current();
    return run ? value(run->load(location_, order, where)) : plain_;
  }
  void store(T next, std::memory_order order = kStrongest, Where where = Where::current()) {
    Execution* run = Execution::current();
    if (run == nullptr) {
      plain_ = next;
      return;
    }
    run->store(location_, bits(next), order, where);
  }
  T exchange(T next, std::memory_order order = kStrongest, Where where = Where::current()) {
    return update(order, where, [next](T) { return next; });
  }
  T fetch_add(T by, std::memory_order order = kStrongest, Where where = Where::current()) {
    return update(order, where, [by](T old) { return static_cast<T>(old + by); });
  }
  T fetch_sub(T by, std::memory_order order = kStrongest, Where where = Where::current()) {
    return update(order, where, [by](T old) { return static_cast<T>(old - by); });
  }
  T fetch_or(T by, std::memory_order order = kStrongest, Where where = Where::current()) {
    return update(order, where, [by](T old) { return static_cast<T>(old | by); });
  }
  T fetch_xor(T by, std::memory_order order = kStrongest, Where where = Where::current()) {
    return update(order, where, [by](T old) { return static_cast<T>(old ^ by); });
  }
  T fetch_and(T by, std::memory_order order = kStrongest, Where where = Where::current()) {
    return update(order, where, [by](T old) { return static_cast<T>(old & by); });
  }
  bool compare_exchange_weak(T& expected, T next, std::memory_order order = kStrongest,
                             Where where = Where::current()) {
    return exchange_if(expected, next, order, std::nullopt, true, where);
  }
  bool compare_exchange_weak(T& expected, T next, std::memory_order success,
                             std::memory_order failure, Where where = Where::current()) {
    return exchange_if(expected, next, success, failure, true, where);
  }
  bool compare_exchange_strong(T& expected, T next, std::memory_order order = kStrongest,
                               Where where = Where::current()) {
    return exchange_if(expected, next, order, std::nullopt, false, where);
  }
  bool compare_exchange_strong(T& expected, T next, std::memory_order success,
                               std::memory_order failure, Where where = Where::current()) {
    return exchange_if(expected, next, success, failure, false, where);
  }

  [[nodiscard]] std::size_t location() const { return location_; }

 private:
  static std::uint64_t bits(T value) {
    std::uint64_t raw = 0;
    std::memcpy(&raw, &value, sizeof(T));
    return raw;
  }
  static T value(std::uint64_t raw) {
    T result;
    std::memcpy(&result, &raw, sizeof(T));
    return result;
  }
  template <typename Change>
  T update(std::memory_order order, const Where& where, Change change) {
    Execution* run = Execution::current();
    if (run == nullptr) return std::exchange(plain_, change(plain_));
    return value(run->update(
        location_, order, [&](std::uint64_t old) { return bits(change(value(old))); }, where));
  }
  bool exchange_if(T& expected, T next, std::memory_order success,
                   std::optional<std::memory_order> failure, bool weak, const Where& where) {
    Execution* run = Execution::current();
    if (run == nullptr) {
      const bool same = bits(plain_) == bits(expected);
      expected = std::exchange(plain_, same ? next : plain_);
      return same;
    }
    std::uint64_t raw = bits(expected);
    const bool won =
        run->compare_exchange(location_, raw, bits(next), success, failure, weak, where);
    expected = value(raw);
    return won;
  }

  T plain_;
  std::size_t location_ = 0;
};

/// Ends the execution as failed unless `condition`.
inline void check(bool condition, const std::string& reason) {
  if (!condition) Execution::current()->fail(reason);
}
/// For loops that wait until another thread has done something.
inline void yield() { Execution::current()->yield(); }

}  // namespace cogway::model

namespace cogway {

/// Searching is one look: enough to take notifications left to searchers, and to give up.
template <>
struct Parking<model::Atom> {
  struct Place {
    Place() = default;
    explicit Place(SpinBudget&) {}
  };
  class Search {
   public:
    Search(Place&, TimePoint) {}
    [[nodiscard]] bool granted() const { return true; }
    [[nodiscard]] bool next() { return std::exchange(looked_, true) == false; }
    void finish(bool) {}

   private:
    bool looked_ = false;
  };
  static constexpr int kYields = 0;

  static ParkResult park(const model::Atom<std::uint32_t>& word, std::uint32_t expected,
                         TimePoint deadline) {
    using Park = model::Execution::Park;
    switch (model::Execution::current()->park(word.location(), expected, deadline != kNever)) {
      case Park::woken:
        return ParkResult::woken;
      case Park::changed:
        return ParkResult::changed;
      case Park::timed_out:
        break;
    }
    return ParkResult::timed_out;
  }
  static void unpark(const model::Atom<std::uint32_t>& word, int count) {
    model::Execution::current()->unpark(word.location(), count);
  }
  using Address = std::size_t;
  static Address address_of(const model::Atom<std::uint32_t>& word) { return word.location(); }
  static void unpark_at(Address address, int count) {
    model::Execution::current()->unpark(address, count);
  }
  /// Time passes or it does not: any two looks at the clock may be far apart.
  static TimePoint now() {
    return TimePoint{model::Execution::current()->perhaps() ? std::chrono::seconds{1}
                                                            : std::chrono::seconds{0}};
  }
  static void relax() { model::yield(); }
  static void yield() { model::yield(); }
  static bool offer(Place&) { return false; }
};

}  // namespace cogway
