// SPDX-License-Identifier: Apache-2.0
#include "closing_spec.hpp"
#include "cogway/queue/blocking_queue.hpp"
#include "cogway/queue/free_list.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/mpmc_stack.hpp"
#include "cogway/queue/mpsc_queue.hpp"
#include "cogway/queue/priority_queue.hpp"
#include "cogway/queue/spsc_queue.hpp"
#include "cogway/queue/work_stealing_deque.hpp"
#include "queue_stress.hpp"
#include "urgency_spec.hpp"

using namespace cogway;
using namespace cogway::testing;

namespace {
constexpr int kRounds = 3000;
constexpr int kCalls = 8;
}  // namespace

TEST_CASE("spsc histories are linearizable, failures included") {
  using Queue = SpscQueue<int>;
  check_rounds<Queue, FifoSpec>(stress_rounds(kRounds), 4,
                                {pusher<Queue>(1, 2 * kCalls), popper<Queue>(2 * kCalls)}, false);
}

TEST_CASE("mpsc histories are linearizable, but for misses beside unfinished calls") {
  using Queue = MpscQueue<int>;
  check_rounds<Queue, FifoSpec>(
      stress_rounds(kRounds), 4,
      {pusher<Queue>(1, kCalls), pusher<Queue>(2, kCalls), popper<Queue>(2 * kCalls)}, true);
}

TEST_CASE("mpmc histories are linearizable, but for misses beside unfinished calls") {
  using Queue = MpmcQueue<int>;
  check_rounds<Queue, FifoSpec>(stress_rounds(kRounds), 4,
                                {pusher<Queue>(1, kCalls), pusher<Queue>(2, kCalls),
                                 popper<Queue>(kCalls), popper<Queue>(kCalls)},
                                true);
}

TEST_CASE("bounded stack histories are linearizable, but for misses beside unfinished calls") {
  using Queue = MpmcStack<int>;
  check_rounds<Queue, LifoSpec>(stress_rounds(kRounds), 3,
                                {pusher<Queue>(1, kCalls), pusher<Queue>(2, kCalls),
                                 popper<Queue>(kCalls), popper<Queue>(kCalls)},
                                true);
}

TEST_CASE("deque histories are linearizable, but for lost races") {
  using Queue = WorkStealingDeque<int>;
  const auto owner = [](Queue& queue, StressRecorder& recorder) {
    for (int i = 1; i <= kCalls; ++i) {
      recorder.record([&] { return QueueCall{Act::push, i, queue.try_push(i)}; });
      if (i % 2 == 0) recorder.record([&] { return QueueCall{Act::pop, queue.try_pop()}; });
    }
    for (int i = 0; i < kCalls; ++i) {
      recorder.record([&] { return QueueCall{Act::pop, queue.try_pop()}; });
    }
  };
  const auto thief = [](Queue& queue, StressRecorder& recorder) {
    for (int i = 0; i < kCalls; ++i) {
      recorder.record([&] {
        const Stolen<int> stolen = queue.try_steal();
        return QueueCall{Act::steal, stolen.value, true, stolen.lost_race};
      });
    }
  };
  check_rounds<Queue, DequeSpec>(stress_rounds(kRounds), 4, {owner, thief, thief}, false);
}

TEST_CASE("priority queue histories serve what is urgent, and each lane in its order") {
  const auto run = []<QueueOrder order>(std::uint32_t patience, bool lifo, bool ages) {
    using Queue = PriorityQueue<int, UrgencySpec::kLanes, order>;
    using Recorder = CallRecorder<UrgencyCall>;
    const auto pusher = [](int thread) {
      return [=](Queue& queue, Recorder& recorder) {
        for (int i = 0; i < kCalls; ++i) {
          const std::size_t lane = i % 3 == 0 ? 0 : 1;
          const int value = thread * 1000 + i;
          recorder.record(
              [&] { return UrgencyCall{Act::push, value, lane, queue.try_push(value, lane)}; });
        }
      };
    };
    const auto popper = [](Queue& queue, Recorder& recorder) {
      for (int i = 0; i < kCalls; ++i) {
        recorder.record([&] {
          UrgencyCall call{Act::pop};
          call.value = queue.try_pop(&call.lane);
          return call;
        });
      }
    };
    check_histories<UrgencySpec, Queue>(
        stress_rounds(kRounds / 3), [=] { return std::make_unique<Queue>(4, patience); },
        {pusher(1), pusher(2), popper, popper}, allow_misses_of_lanes,
        [=](const Queue& queue) { return UrgencySpec{queue.capacity(), lifo, ages}; });
  };
  constexpr std::uint32_t kEndless = 1U << 30;
  run.template operator()<QueueOrder::fifo>(kEndless, false, false);
  run.template operator()<QueueOrder::lifo>(kEndless, true, false);
  run.template operator()<QueueOrder::fifo>(2, false, true);
}

TEST_CASE("free list histories are linearizable, as a stack of indices") {
  static constexpr std::size_t kEntries = 3;
  using List = FreeList<>;
  const auto juggler = [](List& list, StressRecorder& recorder) {
    for (int i = 0; i < kCalls; ++i) {
      std::uint32_t index = kNoIndex;
      recorder.record([&] {
        index = list.acquire();
        return index == kNoIndex ? QueueCall{Act::pop}
                                 : QueueCall{Act::pop, static_cast<int>(index)};
      });
      if (index == kNoIndex) continue;
      recorder.record([&] {
        list.release(index);
        return QueueCall{Act::push, static_cast<int>(index)};
      });
    }
  };
  check_histories<LifoSpec, List>(
      stress_rounds(kRounds), [] { return std::make_unique<List>(kEntries); },
      {juggler, juggler, juggler, juggler}, [](QueueHistory&) {},
      [](const List& list) { return LifoSpec{list.capacity(), {2, 1, 0}}; });
}

TEST_CASE("blocking queue histories are linearizable, and nothing means that nothing will come") {
  using Queue = BlockingQueue<MpmcQueue<int>>;
  using Recorder = CallRecorder<ClosingCall>;
  using enum ClosingCall::Kind;
  const auto pusher = [](int thread, bool closes) {
    return [=](Queue& queue, Recorder& recorder) {
      for (int i = 1; i <= kCalls; ++i) {
        const int value = thread * 1000 + i;
        recorder.record([&] {
          const bool pushed = queue.push(value) == QueuePush::pushed;
          return ClosingCall{waiting, {Act::push, value, pushed}};
        });
      }
      if (!closes) return;
      recorder.record([&] {
        queue.close();
        return ClosingCall{close};
      });
    };
  };
  const auto popper = [](Queue& queue, Recorder& recorder) {
    for (bool more = true; more;) {
      recorder.record([&] { return ClosingCall{at_once, {Act::pop, queue.try_pop()}}; });
      recorder.record([&] {
        const std::optional<int> value = queue.pop();
        more = value.has_value();
        return ClosingCall{waiting, {Act::pop, value}};
      });
    }
  };
  check_histories<ClosingSpec, Queue>(
      stress_rounds(kRounds / 3), [] { return std::make_unique<Queue>(4); },
      {pusher(1, true), pusher(2, false), popper, popper}, allow_quick_misses,
      [](const Queue& queue) { return ClosingSpec{{queue.capacity()}}; });
}
