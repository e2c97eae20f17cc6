// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a ProbeMap holds in the model tests: counted objects in memory that is never freed but used
// again, as CPython's is, so that a stale word may stand for another object.

#include <array>
#include <cstdint>

#include "checker/expect.hpp"
#include "cogway/sync/probe_map.hpp"

namespace cogway::model {

/// Objects and the words that stand for them: even words are objects, odd ones stand for themselves
/// (keys 1, 3, 5 …).
struct ProbeObjects {
  struct Object {
    static constexpr int kImmortal = -1;
    Atom<int> count{0};  ///< holding an immortal object writes nothing and synchronises with nobody
    Value content;       ///< written before the first reference is given out, read by holders
  };
  std::array<Object, 3> objects;

  static ProbeWord word(std::size_t index) { return 8 * (index + 1); }
  Object& at(ProbeWord word) { return objects[word / 8 - 1]; }
  static bool counted(ProbeWord word) { return word % 2 == 0; }

  /// A new object in this place, if it is free; 0 otherwise. One thread uses one place.
  ProbeWord make(std::size_t index, int content) {
    Object& object = objects[index];
    if (object.count.load(std::memory_order_acquire) != 0) return 0;
    object.content = Value(content);
    object.count.store(1, std::memory_order_release);
    return word(index);
  }
  ProbeWord make_immortal(std::size_t index, int content) {
    objects[index].count.store(Object::kImmortal, std::memory_order_relaxed);
    objects[index].content = Value(content);
    return word(index);
  }
};

struct ProbePolicy {
  static constexpr bool kParallel = true;
  static constexpr unsigned kSmallest = 1;  ///< two slots, one of them for a key
  struct Probe {
    std::uint64_t hash = 0;
    ProbeWord word = 0;
    int content = 0;  ///< of an equal key that is an object
  };
  class Mutex {
   public:
    void lock() {
      while (taken_.exchange(1, std::memory_order_acquire) != 0) {
        Parking<Atom>::park(taken_, 1, kNever);
      }
    }
    void unlock() {
      taken_.store(0, std::memory_order_release);
      Parking<Atom>::unpark(taken_, 1);
    }

   private:
    Atom<std::uint32_t> taken_{0};
  };

  ProbeObjects* objects = nullptr;

  static ProbeMatch match(const Probe& probe, ProbeWord key) {
    if (probe.word == key) return ProbeMatch::same;
    return ProbeObjects::counted(key) ? ProbeMatch::ask : ProbeMatch::other;
  }
  ProbeMatch compare(const Probe& probe, ProbeWord key) const {
    return objects->at(key).content.id() == probe.content ? ProbeMatch::same : ProbeMatch::other;
  }
  bool try_hold(ProbeWord word) const {
    if (!ProbeObjects::counted(word)) return true;
    Atom<int>& count = objects->at(word).count;
    int seen = count.load(std::memory_order_relaxed);
    if (seen == ProbeObjects::Object::kImmortal) return true;
    while (seen != 0) {
      if (count.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }
  void hold(ProbeWord word) const {
    if (immortal(word)) return;
    const int before = objects->at(word).count.fetch_add(1, std::memory_order_relaxed);
    check(before > 0, "held a dead object");
  }
  void drop(ProbeWord word) const {
    if (word == 0 || immortal(word)) return;
    const int before = objects->at(word).count.fetch_sub(1, std::memory_order_acq_rel);
    check(before > 0, "dropped once too often");
  }

 private:
  [[nodiscard]] bool immortal(ProbeWord word) const {
    return !ProbeObjects::counted(word) ||
           objects->at(word).count.load(std::memory_order_relaxed) ==
               ProbeObjects::Object::kImmortal;
  }
};

/// A map and its objects. Contents tell which key an object belongs to: 10 × key + anything.
struct ProbeWorld {
  using Map = ProbeMap<ProbePolicy, Atom>;
  ProbeObjects objects;
  Map map{ProbePolicy{&objects}};

  /// All keys begin at the first slot; the hash of the second one is another.
  static ProbePolicy::Probe key(ProbeWord word) { return {word == 3 ? 8U : 0U, word, 0}; }

  template <ProbeWhen When = ProbeWhen::always>
  ProbeResult put(ProbeWord key_word, ProbeWord value, ProbeWord expected = 0) {
    ProbeChange change{.key = key_word, .value = value, .expected = expected};
    const ProbeResult result = map.put<When>(key(key_word), change);
    drop(change);
    return result;
  }
  ProbeResult remove(ProbeWord key_word) {
    ProbeChange change;
    const ProbeResult result = map.put<ProbeWhen::always>(key(key_word), change);
    drop(change);
    return result;
  }
  void drop(const ProbeChange& change) {
    const ProbePolicy policy{&objects};
    for (const ProbeWord word : {change.value, change.old_value, change.key, change.old_key}) {
      policy.drop(word);
    }
  }
  /// Content of the value of a key, or the value if it stands for itself; 0 when it has none.
  int read(ProbeWord key_word) {
    ProbeWord value = 0;
    if (map.get(key(key_word), value) != ProbeResult::found) return 0;
    if (!ProbeObjects::counted(value)) return static_cast<int>(value);
    const int content = objects.at(value).content.id();
    ProbePolicy{&objects}.drop(value);
    return content;
  }
  /// Empties the map; nothing may be left of any object.
  void end() {
    map.mutex().lock();
    const auto table = map.detach();
    map.mutex().unlock();
    table.visit([&](ProbeWord key_word, std::uint64_t, ProbeWord value) {
      ProbePolicy{&objects}.drop(key_word);
      ProbePolicy{&objects}.drop(value);
    });
    map.reclaim(table);
    for (auto& object : objects.objects) {
      const int count = object.count.load(std::memory_order_relaxed);
      check(count == 0 || count == ProbeObjects::Object::kImmortal, "a reference was lost");
    }
  }
};

}  // namespace cogway::model
