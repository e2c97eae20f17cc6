// SPDX-License-Identifier: Apache-2.0
#include "contest.hpp"

#ifdef COGWAY_HAVE_BOOST_LOCKFREE
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#endif

namespace cogway::bench {

#ifdef COGWAY_HAVE_BOOST_LOCKFREE
namespace {

template <typename Ring>
struct Boost {
  explicit Boost(std::size_t capacity) : ring(capacity) {}
  Ring ring;

  struct Producer {
    explicit Producer(Boost& queue) : ring(queue.ring) {}
    Ring& ring;
    bool try_push(std::uint64_t value) { return ring.push(value); }
  };
  struct Consumer {
    explicit Consumer(Boost& queue) : ring(queue.ring) {}
    Ring& ring;
    bool try_pop(std::uint64_t& value) { return ring.pop(value); }
  };
};

}  // namespace

void enter_boost_lockfree() {
  using Mpmc = Boost<boost::lockfree::queue<std::uint64_t>>;
  enter_throughput<Boost<boost::lockfree::spsc_queue<std::uint64_t>>>("spsc", "boost spsc_queue", 1,
                                                                      1);
  enter_throughput<Mpmc>("mpmc 1p1c", "boost queue", 1, 1);
  enter_throughput<Mpmc>("mpmc 2p2c", "boost queue", 2, 2);
  enter_throughput<Mpmc>("mpmc 4p4c oversubscribed", "boost queue", 4, 4);
}
#else
void enter_boost_lockfree() {
  absent().push_back({"boost queue", "Boost.Lockfree (libboost-dev) was not found at build time"});
}
#endif

}  // namespace cogway::bench
