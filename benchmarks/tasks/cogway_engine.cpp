// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "cogway/engine/engine.hpp"
#include "contestant.hpp"

namespace bench {
namespace {

class CogwayEngine final : public Contestant {
 public:
  CogwayEngine() : engine_(options()) {}
  std::string name() const override { return "cogway"; }
  void submit_and_wait(std::uint64_t n) override {
    cogway::TaskGroup group;
    cogway::SpawnOptions options;
    options.group = &group;
    for (std::uint64_t i = 0; i < n; ++i) {
      (void)engine_.spawn([this] { sum_.fetch_add(1, std::memory_order_relaxed); }, options);
    }
    group.wait();
  }
  void round_trip() override {
    cogway::TaskRef ticket;
    (void)engine_.spawn([this] { sum_.fetch_add(1, std::memory_order_relaxed); }, {}, &ticket);
    ticket->wait_until();
  }
  std::uint64_t take_sum() override { return sum_.exchange(0); }

 private:
  static cogway::EngineOptions options() {
    cogway::EngineOptions options;
    options.foreground_workers = kWorkers;
    options.background_workers = 1;
    options.bus_bytes = 1 << 20;
    return options;
  }
  std::atomic<std::uint64_t> sum_{0};
  cogway::Engine engine_;
};

}  // namespace

std::unique_ptr<Contestant> make_cogway() { return std::make_unique<CogwayEngine>(); }

}  // namespace bench
