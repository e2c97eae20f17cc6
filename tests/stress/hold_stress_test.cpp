// SPDX-License-Identifier: Apache-2.0
// HoldCount and KernelOwner under load: what is held is filled and emptied again and again while
// others hold it for a moment. Plain memory stands for it, so that TSan sees a missing order.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "cogway/base/os/thread.hpp"
#include "cogway/engine/kernel_owner.hpp"
#include "cogway/sync/hold_count.hpp"

using namespace cogway;

namespace {

constexpr std::uint64_t kHolds = 20'000;

void run_threads(int count, const auto& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

/// Words that are alike while somebody holds them, and zero while nobody does.
class Resource {
 public:
  [[nodiscard]] bool fill(std::uint64_t id) {
    if (!holds_.start()) return false;
    if (!whole(0)) wrong_.fetch_add(1);
    words_.fill(id);
    filled_.fetch_add(1);
    holds_.filled();
    return true;
  }
  [[nodiscard]] bool hold(std::uint32_t count) { return holds_.try_hold(count); }
  void look() {
    if (words_[0] == 0 || !whole(words_[0])) wrong_.fetch_add(1);
  }
  void let_go(std::uint32_t count) {
    if (!holds_.let_go(count)) return;
    look();
    words_.fill(0);
    emptied_.fetch_add(1);
    holds_.emptied();
  }

  void check_end() const {
    CHECK(wrong_.load() == 0);
    CHECK(filled_.load() == emptied_.load());
    CHECK(holds_.count() == 0);
    CHECK(whole(0));
  }

 private:
  [[nodiscard]] bool whole(std::uint64_t id) const {
    return std::ranges::all_of(words_, [&](std::uint64_t word) { return word == id; });
  }

  HoldCount<> holds_;
  std::array<std::uint64_t, 8> words_{};
  std::atomic<std::uint64_t> wrong_{0}, filled_{0}, emptied_{0};
};

/// Counts those that live; a release under a holder is a use of freed memory.
struct Owned {
  explicit Owned(std::atomic<int>& count) : live(count) { live.fetch_add(1); }
  ~Owned() { live.fetch_sub(1); }
  std::atomic<int>& live;
};

void release(void* object) noexcept { delete static_cast<Owned*>(object); }

}  // namespace

TEST_CASE("filled and emptied in turn while others hold it") {
  Resource resource;
  std::atomic<std::uint64_t> held{0};
  run_threads(4, [&](int thread) {
    // Two fill whenever they find it empty; all hold it, one or several times at once.
    for (std::uint64_t turn = 1; held.load() < kHolds; ++turn) {
      if (thread < 2 && resource.fill(turn)) {
        resource.look();
        if (turn % 4 == 0) os::yield_thread();
        resource.let_go(1);
      }
      const auto count = static_cast<std::uint32_t>(turn % 3 + 1);
      if (!resource.hold(count)) continue;
      held.fetch_add(1);
      for (std::uint32_t i = 0; i < count; ++i) {
        resource.look();
        resource.let_go(1);
      }
    }
  });
  resource.check_end();
}

TEST_CASE("an owner takes one object at a time and releases each after its last hold") {
  KernelOwner owner;
  std::atomic<int> live{0};
  std::atomic<std::uint64_t> adoptions{0};
  run_threads(4, [&](int) {
    for (int turn = 0; turn < 5'000; ++turn) {
      auto* const object = new Owned(live);
      bool adopted = false;
      owner.adopt_or_hold(object, &release, &adopted);
      if (adopted) {
        adoptions.fetch_add(1);
      } else {
        delete object;
      }
      // A row of calls is counted at once, and let go one by one.
      if (owner.try_hold(2)) {
        owner.let_go();
        owner.let_go();
      }
      owner.let_go();
    }
  });
  CHECK(owner.holds() == 0);
  CHECK(live.load() == 0);
  CHECK(adoptions.load() > 0);
}
