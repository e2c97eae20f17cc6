// SPDX-License-Identifier: Apache-2.0
// What the design of a ring can give with nothing around it: no close(), no optional, no
// statistics.

#include <bit>

#include "contest.hpp"

namespace cogway::bench {
namespace {

constexpr std::size_t kLine = 64;

/// One producer, one consumer, cached indices.
struct BareSpsc {
  explicit BareSpsc(std::size_t capacity)
      : mask(std::bit_ceil(capacity) - 1), cells(new std::uint64_t[mask + 1]) {}
  const std::size_t mask;
  const std::unique_ptr<std::uint64_t[]> cells;
  alignas(kLine) std::atomic<std::size_t> tail{0};
  std::size_t head_seen = 0;
  alignas(kLine) std::atomic<std::size_t> head{0};
  std::size_t tail_seen = 0;

  struct Producer {
    explicit Producer(BareSpsc& from) : queue(from) {}
    BareSpsc& queue;
    bool try_push(std::uint64_t value) {
      // order: relaxed, no pairing: own index
      const std::size_t tail = queue.tail.load(std::memory_order_relaxed);
      if (tail - queue.head_seen > queue.mask) {
        // order: acquire, pairs with try_pop() release; the cells are free
        queue.head_seen = queue.head.load(std::memory_order_acquire);
        if (tail - queue.head_seen > queue.mask) return false;
      }
      queue.cells[tail & queue.mask] = value;
      // order: release, pairs with try_pop() acquire; publishes the cell
      queue.tail.store(tail + 1, std::memory_order_release);
      return true;
    }
  };
  struct Consumer {
    explicit Consumer(BareSpsc& from) : queue(from) {}
    BareSpsc& queue;
    bool try_pop(std::uint64_t& value) {
      // order: relaxed, no pairing: own index
      const std::size_t head = queue.head.load(std::memory_order_relaxed);
      if (head == queue.tail_seen) {
        // order: acquire, pairs with try_push() release; the cells are full
        queue.tail_seen = queue.tail.load(std::memory_order_acquire);
        if (head == queue.tail_seen) return false;
      }
      value = queue.cells[head & queue.mask];
      // order: release, pairs with try_push() acquire; the cell is free
      queue.head.store(head + 1, std::memory_order_release);
      return true;
    }
  };
};

/// A ticket ring with a line per cell: positions by fetch_add where it may wait, as here by
/// exchange.
struct LineTickets {
  struct alignas(kLine) Cell {
    std::atomic<std::size_t> turn{0};
    std::uint64_t value = 0;
  };
  explicit LineTickets(std::size_t capacity)
      : mask(std::bit_ceil(capacity) - 1), cells(new Cell[mask + 1]) {
    for (std::size_t i = 0; i <= mask; ++i) cells[i].turn = i;
  }
  const std::size_t mask;
  const std::unique_ptr<Cell[]> cells;
  alignas(kLine) std::atomic<std::size_t> tail{0};
  alignas(kLine) std::atomic<std::size_t> head{0};

  bool claim(std::atomic<std::size_t>& index, std::size_t ahead, std::size_t& position) {
    // order: relaxed, no pairing: the cell's turn orders the rest
    position = index.load(std::memory_order_relaxed);
    for (;;) {
      // order: acquire, pairs with the other side's release; the cell is ours to fill or empty
      const std::size_t turn = cells[position & mask].turn.load(std::memory_order_acquire);
      if (turn == position + ahead) {
        // order: relaxed, no pairing: as above
        if (index.compare_exchange_strong(position, position + 1, std::memory_order_relaxed)) {
          return true;
        }
      } else {
        const std::size_t seen = position;
        position = index.load(std::memory_order_relaxed);  // order: relaxed, as above
        if (position == seen) return false;
      }
    }
  }
  struct Producer {
    explicit Producer(LineTickets& from) : queue(from) {}
    LineTickets& queue;
    bool try_push(std::uint64_t value) {
      std::size_t at = 0;
      if (!queue.claim(queue.tail, 0, at)) return false;
      queue.cells[at & queue.mask].value = value;
      // order: release, pairs with claim() acquire; publishes the value
      queue.cells[at & queue.mask].turn.store(at + 1, std::memory_order_release);
      return true;
    }
  };
  struct Consumer {
    explicit Consumer(LineTickets& from) : queue(from) {}
    LineTickets& queue;
    bool try_pop(std::uint64_t& value) {
      std::size_t at = 0;
      if (!queue.claim(queue.head, 1, at)) return false;
      value = queue.cells[at & queue.mask].value;
      // order: release, pairs with claim() acquire; the cell is free
      queue.cells[at & queue.mask].turn.store(at + queue.mask + 1, std::memory_order_release);
      return true;
    }
  };
};

}  // namespace

void enter_reference_rings() {
  enter_throughput<BareSpsc>("spsc", "reference ring, cached indices", 1, 1);
  enter_throughput<LineTickets>("mpmc 1p1c", "reference ring, a line per cell", 1, 1);
  enter_throughput<LineTickets>("mpmc 2p2c", "reference ring, a line per cell", 2, 2);
  enter_throughput<LineTickets>("mpmc 4p4c oversubscribed", "reference ring, a line per cell", 4,
                                4);
}

}  // namespace cogway::bench
