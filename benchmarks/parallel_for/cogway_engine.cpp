// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "cogway/engine/engine.hpp"
#include "contestant.hpp"

namespace bench {
namespace {

struct Loop {
  std::atomic<std::uint64_t> sum{0};
};

std::int32_t body(void* argument, std::int64_t begin, std::int64_t end) {
  static_cast<Loop*>(argument)->sum.fetch_add(work(begin, end), std::memory_order_relaxed);
  return COGWAY_OK;
}

class CogwayEngine final : public Contestant {
 public:
  explicit CogwayEngine(int workers) : engine_(options(workers)) {}
  std::uint64_t run(std::int64_t n, std::int64_t grain) override {
    Loop loop;
    cogway::TaskRef ticket;
    (void)engine_.spawn(
        [&loop, n, grain](cogway::TaskContext& context) {
          return context.parallel_for(n, grain, &body, &loop);
        },
        {}, &ticket);
    ticket->wait_until();
    return loop.sum.load();
  }

 private:
  static cogway::EngineOptions options(int workers) {
    cogway::EngineOptions options;
    options.foreground_workers = workers;
    options.background_workers = 1;
    options.bus_bytes = 1 << 20;
    return options;
  }
  cogway::Engine engine_;
};

}  // namespace

std::unique_ptr<Contestant> make_cogway(int workers) {
  return std::make_unique<CogwayEngine>(workers);
}

}  // namespace bench
