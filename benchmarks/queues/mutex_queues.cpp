// SPDX-License-Identifier: Apache-2.0
// The floor that everybody has: a mutex and a deque, tried or waited for.

#include <condition_variable>
#include <deque>
#include <mutex>

#include "contest.hpp"

namespace cogway::bench {
namespace {

struct MutexDeque {
  explicit MutexDeque(std::size_t most) : capacity(most) {}
  const std::size_t capacity;
  std::mutex mutex;
  std::deque<std::uint64_t> values;

  struct Producer {
    explicit Producer(MutexDeque& from) : queue(from) {}
    MutexDeque& queue;
    bool try_push(std::uint64_t value) {
      const std::lock_guard lock(queue.mutex);
      if (queue.values.size() == queue.capacity) return false;
      queue.values.push_back(value);
      return true;
    }
  };
  struct Consumer {
    explicit Consumer(MutexDeque& from) : queue(from) {}
    MutexDeque& queue;
    bool try_pop(std::uint64_t& value) {
      const std::lock_guard lock(queue.mutex);
      if (queue.values.empty()) return false;
      value = queue.values.front();
      queue.values.pop_front();
      return true;
    }
  };
};

struct MutexCondition {
  explicit MutexCondition(std::size_t most) : capacity(most) {}
  const std::size_t capacity;
  std::mutex mutex;
  std::condition_variable not_empty;
  std::condition_variable not_full;
  std::deque<std::uint64_t> values;

  void push(std::uint64_t value) {
    {
      std::unique_lock lock(mutex);
      not_full.wait(lock, [this] { return values.size() < capacity; });
      values.push_back(value);
    }
    not_empty.notify_one();
  }
  std::uint64_t pop() {
    std::uint64_t value = 0;
    {
      std::unique_lock lock(mutex);
      not_empty.wait(lock, [this] { return !values.empty(); });
      value = values.front();
      values.pop_front();
    }
    not_full.notify_one();
    return value;
  }
  struct Producer {
    explicit Producer(MutexCondition& from) : queue(from) {}
    MutexCondition& queue;
    bool try_push(std::uint64_t value) {
      queue.push(value);
      return true;
    }
  };
  struct Consumer {
    explicit Consumer(MutexCondition& from) : queue(from) {}
    MutexCondition& queue;
    bool try_pop(std::uint64_t& value) {
      value = queue.pop();
      return true;
    }
  };
};

}  // namespace

void enter_mutex_queues() {
  const struct {
    const char* test;
    int threads;
  } cases[] = {{"spsc", 1}, {"mpmc 1p1c", 1}, {"mpmc 2p2c", 2}, {"mpmc 4p4c oversubscribed", 4}};
  for (const auto& [test, threads] : cases) {
    enter_throughput<MutexDeque>(test, "std::mutex + std::deque", threads, threads);
    if (threads > 1) {
      enter_throughput<MutexCondition>(test, "std::mutex + condition_variable", threads, threads,
                                       true);
    }
  }
  enter_round_trip<MutexCondition>("std::mutex + condition_variable", 0.25);
}

}  // namespace cogway::bench
