// SPDX-License-Identifier: Apache-2.0
#include "contest.hpp"

#ifdef COGWAY_HAVE_MOODYCAMEL
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/concurrentqueue.h>
#endif
#ifdef COGWAY_HAVE_READERWRITER
#include <readerwriterqueue/readerwriterqueue.h>
#endif

namespace cogway::bench {

#ifdef COGWAY_HAVE_MOODYCAMEL
namespace {

/// Unbounded: pushes never fail. Keeps the order of each producer only.
struct Concurrent {
  explicit Concurrent(std::size_t capacity) : queue(capacity) {}
  moodycamel::ConcurrentQueue<std::uint64_t> queue;

  struct Producer {
    explicit Producer(Concurrent& from) : queue(from.queue) {}
    moodycamel::ConcurrentQueue<std::uint64_t>& queue;
    bool try_push(std::uint64_t value) { return queue.enqueue(value); }
  };
  struct Consumer {
    explicit Consumer(Concurrent& from) : queue(from.queue) {}
    moodycamel::ConcurrentQueue<std::uint64_t>& queue;
    bool try_pop(std::uint64_t& value) { return queue.try_dequeue(value); }
  };
};

struct ConcurrentTokens {
  explicit ConcurrentTokens(std::size_t capacity) : queue(capacity) {}
  moodycamel::ConcurrentQueue<std::uint64_t> queue;

  struct Producer {
    explicit Producer(ConcurrentTokens& from) : queue(from.queue), token(queue) {}
    moodycamel::ConcurrentQueue<std::uint64_t>& queue;
    moodycamel::ProducerToken token;
    bool try_push(std::uint64_t value) { return queue.enqueue(token, value); }
  };
  struct Consumer {
    explicit Consumer(ConcurrentTokens& from) : queue(from.queue), token(queue) {}
    moodycamel::ConcurrentQueue<std::uint64_t>& queue;
    moodycamel::ConsumerToken token;
    bool try_pop(std::uint64_t& value) { return queue.try_dequeue(token, value); }
  };
};

struct Blocking {
  explicit Blocking(std::size_t capacity) : queue(capacity) {}
  moodycamel::BlockingConcurrentQueue<std::uint64_t> queue;
  void push(std::uint64_t value) { queue.enqueue(value); }
  std::uint64_t pop() {
    std::uint64_t value = 0;
    queue.wait_dequeue(value);
    return value;
  }
};

void enter_concurrent() {
  const struct {
    const char* test;
    int threads;
  } cases[] = {{"mpmc 1p1c", 1}, {"mpmc 2p2c", 2}, {"mpmc 4p4c oversubscribed", 4}};
  for (const auto& [test, threads] : cases) {
    enter_throughput<Concurrent>(test, "moodycamel ConcurrentQueue", threads, threads);
    enter_throughput<ConcurrentTokens>(test, "moodycamel ConcurrentQueue, tokens", threads,
                                       threads);
  }
  enter_round_trip<Blocking>("moodycamel BlockingConcurrentQueue");
}

}  // namespace
#else
namespace {
void enter_concurrent() {
  absent().push_back({"moodycamel ConcurrentQueue",
                      "concurrentqueue.h (libconcurrentqueue-dev) was not found at build time"});
}
}  // namespace
#endif

#ifdef COGWAY_HAVE_READERWRITER
namespace {
struct ReaderWriter {
  explicit ReaderWriter(std::size_t capacity) : queue(capacity) {}
  moodycamel::ReaderWriterQueue<std::uint64_t> queue;

  struct Producer {
    explicit Producer(ReaderWriter& from) : queue(from.queue) {}
    moodycamel::ReaderWriterQueue<std::uint64_t>& queue;
    bool try_push(std::uint64_t value) { return queue.try_enqueue(value); }
  };
  struct Consumer {
    explicit Consumer(ReaderWriter& from) : queue(from.queue) {}
    moodycamel::ReaderWriterQueue<std::uint64_t>& queue;
    bool try_pop(std::uint64_t& value) { return queue.try_dequeue(value); }
  };
};
}  // namespace
#endif

void enter_moodycamel() {
#ifdef COGWAY_HAVE_READERWRITER
  enter_throughput<ReaderWriter>("spsc", "moodycamel ReaderWriterQueue", 1, 1);
#else
  absent().push_back(
      {"moodycamel ReaderWriterQueue",
       "readerwriterqueue.h (libreaderwriterqueue-dev) was not found at build time"});
#endif
  enter_concurrent();
}

}  // namespace cogway::bench
