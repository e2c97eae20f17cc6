// SPDX-License-Identifier: Apache-2.0
#include "contest.hpp"

#ifdef COGWAY_HAVE_ONETBB
#include <oneapi/tbb/concurrent_queue.h>
#endif

namespace cogway::bench {

#ifdef COGWAY_HAVE_ONETBB
namespace {

struct Bounded {
  explicit Bounded(std::size_t capacity) {
    queue.set_capacity(static_cast<std::ptrdiff_t>(capacity));
  }
  tbb::concurrent_bounded_queue<std::uint64_t> queue;

  struct Producer {
    explicit Producer(Bounded& from) : queue(from.queue) {}
    tbb::concurrent_bounded_queue<std::uint64_t>& queue;
    bool try_push(std::uint64_t value) { return queue.try_push(value); }
  };
  struct Consumer {
    explicit Consumer(Bounded& from) : queue(from.queue) {}
    tbb::concurrent_bounded_queue<std::uint64_t>& queue;
    bool try_pop(std::uint64_t& value) { return queue.try_pop(value); }
  };
  void push(std::uint64_t value) { queue.push(value); }
  std::uint64_t pop() {
    std::uint64_t value = 0;
    queue.pop(value);
    return value;
  }
};

}  // namespace

void enter_onetbb() {
  enter_throughput<Bounded>("mpmc 1p1c", "oneTBB concurrent_bounded_queue", 1, 1);
  enter_throughput<Bounded>("mpmc 2p2c", "oneTBB concurrent_bounded_queue", 2, 2);
  enter_throughput<Bounded>("mpmc 4p4c oversubscribed", "oneTBB concurrent_bounded_queue", 4, 4);
  enter_round_trip<Bounded>("oneTBB concurrent_bounded_queue", 0.25);
}
#else
void enter_onetbb() {
  absent().push_back(
      {"oneTBB concurrent_bounded_queue", "oneTBB (libtbb-dev) was not found at build time"});
}
#endif

}  // namespace cogway::bench
