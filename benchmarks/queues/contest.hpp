// SPDX-License-Identifier: Apache-2.0
#pragma once
// How queues are compared: the cases, what a contestant is, and how it enters. Each contestant's
// file calls enter_throughput<Queue>() or enter_round_trip<Queue>(); main runs them in turn, round
// by round.
//
// A throughput contestant `Queue(capacity)` has `Producer(Queue&)` with `bool try_push(uint64_t)`
// and `Consumer(Queue&)` with `bool try_pop(uint64_t&)`. Where a queue waits by itself, kWaits is
// true and both never return false. A round-trip contestant has `void push(uint64_t)` and `uint64_t
// pop()`.

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cogway/base/clock.hpp"
#include "cogway/base/cpu.hpp"
#include "cogway/base/os/processors.hpp"
#include "cogway/base/os/thread.hpp"

namespace cogway::bench {

constexpr std::size_t kCapacity = 4096;
struct Contestant {
  std::string test;  ///< the case
  std::string name;
  std::string metric;
  std::function<double(std::uint64_t items)> slice;  ///< one measurement, in nanoseconds per item
  double share = 1.0;                                ///< of the items, for those that are very slow
};

struct Absent {
  std::string name;
  std::string reason;
};

std::vector<Contestant>& contestants();
std::vector<Absent>& absent();

// One per contestant's file, called by main in this order.
void enter_mutex_queues();
void enter_cogway_queues();
void enter_reference_rings();
void enter_boost_lockfree();
void enter_moodycamel();
void enter_onetbb();

/// Between two tries of any queue that does not wait by itself, the same for all of them: pauses
/// that double up to 64 turns, then yields.
class Backoff {
 public:
  void once() {
    if (round_ == 7) return os::yield_thread();
    for (int turn = 0; turn < (1 << round_); ++turn) cpu_relax();
    ++round_;
  }

 private:
  int round_ = 0;
};

/// Runs `bodies` at once, each pinned to a processor in turn, and returns the time from the first
/// start to the last end, in nanoseconds.
inline double run_together(const std::vector<std::function<void()>>& bodies) {
  const std::vector<int> processors = os::allowed_processors();
  std::atomic<std::size_t> here{0};
  std::vector<TimePoint> began(bodies.size());
  std::vector<TimePoint> ended(bodies.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    threads.emplace_back([&, i] {
      const int processor = processors[i % processors.size()];
      os::set_affinity(os::this_thread_id(), {&processor, 1});
      here.fetch_add(1);
      Backoff backoff;
      while (here.load() < bodies.size()) backoff.once();
      began[i] = monotonic_now();
      bodies[i]();
      ended[i] = monotonic_now();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto first = *std::min_element(began.begin(), began.end());
  const auto last = *std::max_element(ended.begin(), ended.end());
  return static_cast<double>((last - first).count());
}

template <typename Queue>
double throughput_slice(int producers, int consumers, std::uint64_t items, bool waits) {
  Queue queue(kCapacity);
  const auto split = [](std::uint64_t total, int parts, int part) {
    const auto count = static_cast<std::uint64_t>(parts);
    return total / count + (static_cast<std::uint64_t>(part) < total % count ? 1 : 0);
  };
  std::atomic<std::uint64_t> sum{0};
  std::vector<std::function<void()>> bodies;
  for (int i = 0; i < std::max(producers, consumers); ++i) {
    if (i < producers) {
      bodies.push_back([&, i] {
        typename Queue::Producer producer(queue);
        const std::uint64_t mine = split(items, producers, i);
        for (std::uint64_t n = 1; n <= mine; ++n) {
          Backoff backoff;
          while (!producer.try_push(n)) {
            if (!waits) backoff.once();
          }
        }
      });
    }
    if (i < consumers) {
      bodies.push_back([&, i] {
        typename Queue::Consumer consumer(queue);
        const std::uint64_t mine = split(items, consumers, i);
        std::uint64_t total = 0;
        for (std::uint64_t n = 0; n < mine; ++n) {
          Backoff backoff;
          std::uint64_t value = 0;
          while (!consumer.try_pop(value)) {
            if (!waits) backoff.once();
          }
          total += value;
        }
        sum.fetch_add(total);
      });
    }
  }
  const double elapsed = run_together(bodies);
  std::uint64_t expected = 0;
  for (int i = 0; i < producers; ++i) {
    const std::uint64_t mine = split(items, producers, i);
    expected += mine * (mine + 1) / 2;
  }
  if (sum.load() != expected) throw std::runtime_error("a queue lost or doubled items");
  return elapsed / static_cast<double>(items);
}

template <typename Queue>
void enter_throughput(const std::string& test, const std::string& name, int producers,
                      int consumers, bool waits = false, double share = 1.0) {
  contestants().push_back({test, name, "ns_per_item",
                           [=](std::uint64_t items) {
                             return throughput_slice<Queue>(producers, consumers, items, waits);
                           },
                           share});
}

/// `pairs` pairs of threads, each sending one value to and fro; the median round trip of all.
template <typename Queue>
double round_trip_slice(int pairs, std::uint64_t turns) {
  std::vector<std::unique_ptr<Queue>> queues;
  std::vector<std::vector<std::int64_t>> taken(static_cast<std::size_t>(pairs));
  std::vector<std::function<void()>> bodies;
  for (int i = 0; i < 2 * pairs; ++i) queues.push_back(std::make_unique<Queue>(std::size_t{64}));
  for (std::size_t i = 0; i < static_cast<std::size_t>(pairs); ++i) {
    bodies.push_back([&, i] {
      for (std::uint64_t turn = 0; turn < turns; ++turn) {
        const TimePoint before = monotonic_now();
        queues[2 * i]->push(turn);
        if (queues[2 * i + 1]->pop() != turn) throw std::runtime_error("a queue mixed up items");
        taken[i].push_back((monotonic_now() - before).count());
      }
    });
    bodies.push_back([&, i] {
      for (std::uint64_t turn = 0; turn < turns; ++turn)
        queues[2 * i + 1]->push(queues[2 * i]->pop());
    });
  }
  run_together(bodies);
  std::vector<std::int64_t> all;
  for (const auto& times : taken) all.insert(all.end(), times.begin(), times.end());
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  return static_cast<double>(all[all.size() / 2]);
}

template <typename Queue>
void enter_round_trip(const std::string& name, double share = 1.0) {
  // Twenty times fewer turns than items: each is two hand-overs, some of them by the kernel.
  contestants().push_back({"blocking rtt", name, "ns_rtt",
                           [](std::uint64_t items) {
                             return round_trip_slice<Queue>(1,
                                                            std::max<std::uint64_t>(items / 20, 1));
                           },
                           share});
  contestants().push_back({"blocking rtt oversubscribed", name, "ns_rtt",
                           [](std::uint64_t items) {
                             return round_trip_slice<Queue>(4,
                                                            std::max<std::uint64_t>(items / 80, 1));
                           },
                           share});
}

}  // namespace cogway::bench
