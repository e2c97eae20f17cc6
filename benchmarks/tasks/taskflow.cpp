// SPDX-License-Identifier: Apache-2.0
#include "contestant.hpp"

#ifdef COGWAY_HAVE_TASKFLOW
#include <atomic>
#include <taskflow/taskflow.hpp>
#endif

namespace bench {

#ifdef COGWAY_HAVE_TASKFLOW
namespace {

class Taskflow final : public Contestant {
 public:
  std::string name() const override { return "Taskflow silent_async"; }
  void submit_and_wait(std::uint64_t n) override {
    for (std::uint64_t i = 0; i < n; ++i) {
      executor_.silent_async([this] { sum_.fetch_add(1, std::memory_order_relaxed); });
    }
    executor_.wait_for_all();
  }
  void round_trip() override {
    executor_.silent_async([this] { sum_.fetch_add(1, std::memory_order_relaxed); });
    executor_.wait_for_all();
  }
  std::uint64_t take_sum() override { return sum_.exchange(0); }

 private:
  std::atomic<std::uint64_t> sum_{0};
  tf::Executor executor_{kWorkers};
};

}  // namespace

std::unique_ptr<Contestant> make_taskflow() { return std::make_unique<Taskflow>(); }
#else
std::unique_ptr<Contestant> make_taskflow() { return nullptr; }
#endif

}  // namespace bench
