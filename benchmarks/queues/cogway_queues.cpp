// SPDX-License-Identifier: Apache-2.0
// Ours: the bare rings, the waiting queue, and what pure spinning on the same ring gives.

#include "cogway/queue/blocking_queue.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/mpsc_queue.hpp"
#include "cogway/queue/spsc_queue.hpp"
#include "contest.hpp"

namespace cogway::bench {
namespace {

template <typename Ring>
struct Bare {
  explicit Bare(std::size_t capacity) : ring(capacity) {}
  Ring ring;

  struct Producer {
    explicit Producer(Bare& queue) : ring(queue.ring) {}
    Ring& ring;
    bool try_push(std::uint64_t value) { return ring.try_push(value); }
  };
  struct Consumer {
    explicit Consumer(Bare& queue) : ring(queue.ring) {}
    Ring& ring;
    bool try_pop(std::uint64_t& value) {
      const auto popped = ring.try_pop();
      if (popped) value = *popped;
      return popped.has_value();
    }
  };
};

/// Each side moves up to 32 values with one claim.
struct Batched {
  explicit Batched(std::size_t capacity) : ring(capacity) {}
  MpmcQueue<std::uint64_t> ring;
  static constexpr std::size_t kBatch = 32;

  struct Producer {
    explicit Producer(Batched& queue) : ring(queue.ring) {}
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;
    ~Producer() {
      Backoff backoff;
      while (!flush()) backoff.once();
    }
    MpmcQueue<std::uint64_t>& ring;
    std::uint64_t values[kBatch] = {};
    std::size_t first = 0;
    std::size_t count = 0;

    bool flush() {
      first += ring.try_push_batch({values + first, count - first});
      if (first < count) return false;
      first = count = 0;
      return true;
    }
    bool try_push(std::uint64_t value) {
      if (count == kBatch && !flush()) return false;
      values[count++] = value;
      return true;
    }
  };
  struct Consumer {
    explicit Consumer(Batched& queue) : ring(queue.ring) {}
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;
    /// A last batch may hold what another consumer waits for.
    ~Consumer() {
      Backoff backoff;
      while (first < count) {
        if (ring.try_push(values[first])) {
          ++first;
        } else {
          backoff.once();
        }
      }
    }
    MpmcQueue<std::uint64_t>& ring;
    std::uint64_t values[kBatch] = {};
    std::size_t first = 0;
    std::size_t count = 0;
    bool try_pop(std::uint64_t& value) {
      if (first == count) {
        first = 0;
        count = ring.try_pop_batch(values);
        if (count == 0) return false;
      }
      value = values[first++];
      return true;
    }
  };
};

template <typename Ring>
struct Waiting {
  explicit Waiting(std::size_t capacity) : queue(capacity) {}
  BlockingQueue<Ring> queue;

  struct Producer {
    explicit Producer(Waiting& from) : queue(from.queue) {}
    BlockingQueue<Ring>& queue;
    bool try_push(std::uint64_t value) { return queue.push(value) == QueuePush::pushed; }
  };
  struct Consumer {
    explicit Consumer(Waiting& from) : queue(from.queue) {}
    BlockingQueue<Ring>& queue;
    bool try_pop(std::uint64_t& value) {
      value = *queue.pop();
      return true;
    }
  };
  void push(std::uint64_t value) { queue.push(value); }
  std::uint64_t pop() { return *queue.pop(); }
};

/// The same without ever searching: every wait is a park.
struct ParkingOnly {
  explicit ParkingOnly(std::size_t capacity) : budget({.share = 0.0}), queue(capacity, budget) {}
  SpinBudget budget;
  BlockingQueue<MpmcQueue<std::uint64_t>> queue;
  void push(std::uint64_t value) { queue.push(value); }
  std::uint64_t pop() { return *queue.pop(); }
};

/// The same ring without any strategy: what lock-free queues are often measured with.
struct Spinning {
  explicit Spinning(std::size_t capacity) : ring(capacity) {}
  MpmcQueue<std::uint64_t> ring;

  struct Producer {
    explicit Producer(Spinning& from) : queue(from) {}
    Spinning& queue;
    bool try_push(std::uint64_t value) {
      queue.push(value);
      return true;
    }
  };
  struct Consumer {
    explicit Consumer(Spinning& from) : queue(from) {}
    Spinning& queue;
    bool try_pop(std::uint64_t& value) {
      value = queue.pop();
      return true;
    }
  };
  void push(std::uint64_t value) {
    while (!ring.try_push(value)) cpu_relax();
  }
  std::uint64_t pop() {
    for (;;) {
      if (const auto value = ring.try_pop()) return *value;
      cpu_relax();
    }
  }
};

}  // namespace

void enter_cogway_queues() {
  using Spsc = SpscQueue<std::uint64_t>;
  using Mpsc = MpscQueue<std::uint64_t>;
  using Mpmc = MpmcQueue<std::uint64_t>;
  enter_throughput<Bare<Spsc>>("spsc", "cogway SpscQueue", 1, 1);
  enter_throughput<Waiting<Spsc>>("spsc", "cogway BlockingQueue<SpscQueue>", 1, 1, true);
  enter_throughput<Bare<Mpmc>>("mpmc 1p1c", "cogway MpmcQueue", 1, 1);
  enter_throughput<Bare<Mpsc>>("mpmc 1p1c", "cogway MpscQueue", 1, 1);
  enter_throughput<Batched>("mpmc 1p1c", "cogway MpmcQueue, batches of 32", 1, 1);
  enter_throughput<Waiting<Mpmc>>("mpmc 1p1c", "cogway BlockingQueue<MpmcQueue>", 1, 1, true);
  enter_throughput<Bare<Mpmc>>("mpmc 2p2c", "cogway MpmcQueue", 2, 2);
  enter_throughput<Batched>("mpmc 2p2c", "cogway MpmcQueue, batches of 32", 2, 2);
  enter_throughput<Waiting<Mpmc>>("mpmc 2p2c", "cogway BlockingQueue<MpmcQueue>", 2, 2, true);
  enter_throughput<Bare<Mpmc>>("mpmc 4p4c oversubscribed", "cogway MpmcQueue", 4, 4);
  enter_throughput<Waiting<Mpmc>>("mpmc 4p4c oversubscribed", "cogway BlockingQueue<MpmcQueue>", 4,
                                  4, true);
  enter_throughput<Spinning>("mpmc 4p4c oversubscribed", "pure spinning", 4, 4, true, 0.02);
  enter_round_trip<Waiting<Mpmc>>("cogway spin-yield-park");
  enter_round_trip<ParkingOnly>("cogway park only", 0.25);
  enter_round_trip<Spinning>("pure spinning", 0.05);
}

}  // namespace cogway::bench
