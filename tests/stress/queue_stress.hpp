// SPDX-License-Identifier: Apache-2.0
#pragma once
// Histories from real threads: many short rounds, each begun together and checked for
// linearizability.

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "queue_specs.hpp"

namespace cogway::testing {

/// Counts, and at one look in eight offers the processor: calls take so little time that a thread
/// would otherwise be through with all of its own before the others have begun.
class StressClock {
 public:
  std::uint64_t fetch_add(std::uint64_t by) {
    thread_local std::uint32_t chance = 1;
    chance = chance * 1664525U + 1013904223U;
    if (chance >> 29 == 0) std::this_thread::yield();
    return ticks_.fetch_add(by);
  }

 private:
  std::atomic<std::uint64_t> ticks_{0};
};
template <typename Call>
using CallRecorder = Recorder<StressClock, Call>;
using StressRecorder = CallRecorder<QueueCall>;

/// How many rounds; COGWAY_STRESS_ROUNDS makes a run longer or shorter.
inline int stress_rounds(int usual) {
  const char* asked = std::getenv("COGWAY_STRESS_ROUNDS");
  return asked != nullptr ? std::max(1, std::atoi(asked)) : usual;
}

template <typename Queue, typename Call>
using StressBody = std::function<void(Queue&, CallRecorder<Call>&)>;

/// Calls `make()` for a queue per round, lets thread i run `bodies[i](queue, recorder)`, and checks
/// what `mark(history)` leaves of the round's history, from `initial(queue)` on.
template <typename Spec, typename Queue, typename Make, typename Mark, typename Initial>
void check_histories(int rounds, Make make,
                     const std::vector<StressBody<Queue, typename Spec::Call>>& bodies, Mark mark,
                     Initial initial) {
  using Call = typename Spec::Call;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<StressClock> clock;
  std::vector<std::unique_ptr<CallRecorder<Call>>> recorders(bodies.size());
  std::barrier gate(static_cast<std::ptrdiff_t>(bodies.size()) + 1);
  std::atomic<bool> over{false};
  std::atomic<std::size_t> ready{0};  ///< who is awake: a round begins with all of them
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    threads.emplace_back([&, i] {
      for (;;) {
        gate.arrive_and_wait();
        if (over.load()) return;
        for (ready.fetch_add(1); ready.load() < bodies.size();) std::this_thread::yield();
        bodies[i](*queue, *recorders[i]);
        gate.arrive_and_wait();
      }
    });
  }
  std::string violation;
  for (int round = 0; round < rounds && violation.empty(); ++round) {
    queue = make();
    clock = std::make_unique<StressClock>();
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      recorders[i] = std::make_unique<CallRecorder<Call>>(*clock, static_cast<int>(i));
    }
    ready = 0;
    gate.arrive_and_wait();
    gate.arrive_and_wait();
    History<Call> history;
    for (const auto& recorder : recorders) {
      history.insert(history.end(), recorder->history().begin(), recorder->history().end());
    }
    mark(history);
    violation = Linearizability<Spec>::violation(std::move(history), initial(*queue));
  }
  over = true;
  gate.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  INFO(violation);
  CHECK(violation.empty());
}

/// For queues that are made with a capacity and begin empty. `misses`: failures beside other calls
/// are allowed (Vyukov's rings).
template <typename Queue, typename Spec>
void check_rounds(int rounds, std::size_t capacity,
                  const std::vector<StressBody<Queue, QueueCall>>& bodies, bool misses) {
  check_histories<Spec, Queue>(
      rounds, [&] { return std::make_unique<Queue>(capacity); }, bodies,
      [&](QueueHistory& history) {
        if (misses) allow_misses_beside_others(history);
      },
      [](const Queue& queue) {
        Spec empty;
        empty.capacity = queue.capacity();
        return empty;
      });
}

/// `count` pushes of values that no other thread pushes.
template <typename Queue>
auto pusher(int thread, int count) {
  return [=](Queue& queue, StressRecorder& recorder) {
    for (int i = 1; i <= count; ++i) {
      const int value = thread * 1000 + i;
      recorder.record([&] { return QueueCall{Act::push, value, queue.try_push(value)}; });
    }
  };
}

template <typename Queue>
auto popper(int count) {
  return [=](Queue& queue, StressRecorder& recorder) {
    for (int i = 0; i < count; ++i) {
      recorder.record([&] { return QueueCall{Act::pop, queue.try_pop()}; });
    }
  };
}

}  // namespace cogway::testing
