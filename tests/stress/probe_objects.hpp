// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counted objects in memory that becomes that of other objects only, as a ProbeMap needs them: the
// policy of its unit and stress tests.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cogway/sync/probe_map.hpp"

namespace cogway::testing {

/// A fixed number of objects for each thread that makes them.
///
/// **Threads**: make() of one owner by one thread; the rest by all. **Ownership**: owns its
/// objects. **Progress**: lock-free. **Order**: whoever holds an object sees its content.
class ProbeObjects {
 public:
  static constexpr std::size_t kOwners = 4;
  static constexpr std::size_t kEach = 64;

  struct Object {
    std::atomic<std::int64_t> count{0};
    std::int64_t content = 0;  ///< written by the owner while nobody holds it
  };

  /// A new object; 0 when all of this owner's are held.
  ProbeWord make(std::size_t owner, std::int64_t content) {
    for (Object& object : objects_[owner]) {
      if (object.count.load(std::memory_order_acquire) != 0) continue;
      object.content = content;
      object.count.store(1, std::memory_order_release);
      return reinterpret_cast<ProbeWord>(&object);
    }
    return 0;
  }
  static Object& at(ProbeWord word) { return *reinterpret_cast<Object*>(word); }
  [[nodiscard]] std::int64_t held() const {
    std::int64_t sum = 0;
    for (const auto& own : objects_) {
      for (const Object& object : own) sum += object.count.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  std::array<std::array<Object, kEach>, kOwners> objects_;
};

/// Keys are odd numbers, values are objects.
template <bool Parallel>
struct ProbePolicy {
  static constexpr bool kParallel = Parallel;
  static constexpr unsigned kSmallest = 1;
  using Mutex = std::mutex;
  struct Probe {
    std::uint64_t hash = 0;
    ProbeWord word = 0;
  };

  static ProbeMatch match(const Probe& probe, ProbeWord key) {
    return probe.word == key ? ProbeMatch::same : ProbeMatch::other;
  }
  static ProbeMatch compare(const Probe& probe, ProbeWord key) { return match(probe, key); }
  static bool try_hold(ProbeWord word) {
    if (word % 2 != 0) return true;
    auto& count = ProbeObjects::at(word).count;
    std::int64_t seen = count.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (count.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }
  static void hold(ProbeWord word) {
    if (word % 2 == 0) ProbeObjects::at(word).count.fetch_add(1, std::memory_order_relaxed);
  }
  static void drop(ProbeWord word) {
    if (word != 0 && word % 2 == 0) {
      ProbeObjects::at(word).count.fetch_sub(1, std::memory_order_acq_rel);
    }
  }
  static Probe probe(std::uint64_t key) { return {key % 97, 2 * key + 1}; }
};

template <typename Policy>
void drop_change(const ProbeChange& change) {
  for (const ProbeWord word : {change.value, change.old_value}) Policy::drop(word);
}

/// Empties a map that nobody else uses.
template <typename Policy>
void empty_map(ProbeMap<Policy>& map) {
  map.mutex().lock();
  const auto table = map.detach();
  map.mutex().unlock();
  table.visit([](ProbeWord, std::uint64_t, ProbeWord value) { Policy::drop(value); });
  map.reclaim(table);
}

}  // namespace cogway::testing
