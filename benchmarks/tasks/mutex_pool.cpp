// SPDX-License-Identifier: Apache-2.0
// The pool that everybody has written once: a deque of std::function, a mutex, a condition
// variable.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "contestant.hpp"

namespace bench {
namespace {

class MutexPool final : public Contestant {
 public:
  MutexPool() {
    for (int i = 0; i < kWorkers; ++i) threads_.emplace_back([this] { run(); });
  }
  ~MutexPool() override {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  std::string name() const override { return "mutex pool"; }
  void submit_and_wait(std::uint64_t n) override {
    for (std::uint64_t i = 0; i < n; ++i) submit();
    wait();
  }
  void round_trip() override {
    submit();
    wait();
  }
  std::uint64_t take_sum() override { return sum_.exchange(0); }

 private:
  void submit() {
    {
      const std::scoped_lock lock(mutex_);
      queue_.emplace_back([this] { sum_.fetch_add(1, std::memory_order_relaxed); });
      ++unfinished_;
    }
    work_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return unfinished_ == 0; });
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      std::function<void()> task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      task();
      lock.lock();
      if (--unfinished_ == 0) done_.notify_all();
    }
  }

  std::atomic<std::uint64_t> sum_{0};
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<std::function<void()>> queue_;
  std::uint64_t unfinished_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Contestant> make_mutex_pool() { return std::make_unique<MutexPool>(); }

}  // namespace bench
