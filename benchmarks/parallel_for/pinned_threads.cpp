// SPDX-License-Identifier: Apache-2.0
// The control: threads that are pinned to a processor each and have equal shares, fixed before.
// What they gain is what this machine gives at this moment.
#include <pthread.h>
#include <sched.h>

#include <semaphore>
#include <thread>
#include <vector>

#include "contestant.hpp"

namespace bench {
namespace {

/// The `index`-th processor that this process may use.
int processor(int index) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return -1;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed) && index-- == 0) return cpu;
  }
  return -1;
}

class PinnedThreads final : public Contestant {
 public:
  explicit PinnedThreads(int workers) : shares_(static_cast<std::size_t>(workers)) {
    for (int i = 0; i < workers; ++i) {
      Share& share = shares_[static_cast<std::size_t>(i)];
      share.thread = std::thread([this, &share, cpu = processor(i)] { serve(share, cpu); });
    }
  }
  ~PinnedThreads() override {
    stop_ = true;
    for (Share& share : shares_) share.begin_work.release();
    for (Share& share : shares_) share.thread.join();
  }
  std::uint64_t run(std::int64_t n, std::int64_t) override {
    const auto count = static_cast<std::int64_t>(shares_.size());
    for (std::int64_t i = 0; i < count; ++i) {
      Share& share = shares_[static_cast<std::size_t>(i)];
      share.begin = n * i / count;
      share.end = n * (i + 1) / count;
      share.begin_work.release();
    }
    std::uint64_t sum = 0;
    for (Share& share : shares_) {
      share.done.acquire();
      sum += share.sum;
    }
    return sum;
  }

 private:
  struct Share {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::uint64_t sum = 0;
    std::binary_semaphore begin_work{0};
    std::binary_semaphore done{0};
    std::thread thread;
  };

  void serve(Share& share, int cpu) {
    if (cpu >= 0) {
      cpu_set_t alone;
      CPU_ZERO(&alone);
      CPU_SET(cpu, &alone);
      (void)pthread_setaffinity_np(pthread_self(), sizeof(alone), &alone);
    }
    for (;;) {
      share.begin_work.acquire();
      if (stop_) return;
      share.sum = work(share.begin, share.end);
      share.done.release();
    }
  }

  bool stop_ = false;  ///< published by the semaphores
  std::vector<Share> shares_;
};

}  // namespace

std::unique_ptr<Contestant> make_pinned(int workers) {
  return std::make_unique<PinnedThreads>(workers);
}

}  // namespace bench
