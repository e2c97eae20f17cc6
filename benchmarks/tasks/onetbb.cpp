// SPDX-License-Identifier: Apache-2.0
#include "contestant.hpp"

#ifdef COGWAY_HAVE_ONETBB
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#endif

namespace bench {

#ifdef COGWAY_HAVE_ONETBB
namespace {

class OneTbb final : public Contestant {
 public:
  std::string name() const override { return "oneTBB task_group"; }
  void submit_and_wait(std::uint64_t n) override {
    arena_.execute([&] {
      for (std::uint64_t i = 0; i < n; ++i) {
        group_->run([this] { sum_.fetch_add(1, std::memory_order_relaxed); });
      }
      group_->wait();
    });
  }
  void round_trip() override {
    arena_.execute([&] {
      group_->run([this] { sum_.fetch_add(1, std::memory_order_relaxed); });
      group_->wait();
    });
  }
  std::uint64_t take_sum() override { return sum_.exchange(0); }

 private:
  std::atomic<std::uint64_t> sum_{0};
  // The waiting thread runs tasks too, so its slot is one of those that the arena counts.
  tbb::global_control limit_{tbb::global_control::max_allowed_parallelism, kWorkers + 1};
  tbb::task_arena arena_{kWorkers + 1, 1};
  // Behind a pointer: its destructor may throw, which a member's must not.
  std::unique_ptr<tbb::task_group> group_ = std::make_unique<tbb::task_group>();
};

}  // namespace

std::unique_ptr<Contestant> make_onetbb() { return std::make_unique<OneTbb>(); }
#else
std::unique_ptr<Contestant> make_onetbb() { return nullptr; }
#endif

}  // namespace bench
