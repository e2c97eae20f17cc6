// SPDX-License-Identifier: Apache-2.0
#pragma once
// One execution of a scenario: its threads as fibres on one real thread, a scheduling point before
// every atomic operation, and the memory of memory.hpp underneath. explore.hpp makes many of them.

#include <ucontext.h>

#include <compare>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <source_location>
#include <string>
#include <unordered_map>

#include "checker/choices.hpp"
#include "checker/memory.hpp"

namespace cogway::model {

enum class Access : std::uint8_t { load, store, update, failed_exchange };

/// A place in the source where an atomic is used with some order.
struct Site {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  Access access = Access::load;
  std::memory_order order = std::memory_order_seq_cst;
  auto operator<=>(const Site&) const = default;
};

/// A seeded bug: at this site, this weaker order instead.
struct Weakening {
  Site site;
  std::memory_order order = std::memory_order_relaxed;
};

struct Options {
  Strategy strategy = Strategy::exhaustive;
  Memory memory = Memory::views;
  std::uint64_t executions = 200'000;  ///< at most
  std::uint64_t seed = 1;
  int preemptions = 2;  ///< exhaustive: switches away from a thread that could go on; pct: depth
  int delays = 2;       ///< stale reads (views) or lingering stores (store_buffer) per execution
  int troubles = 1;  ///< spurious failures and wake-ups, time-outs before they are the last resort
  std::size_t steps = 2'000;  ///< per execution; more is reported as livelock
  std::optional<Weakening> weakening{};
  std::vector<std::uint32_t> schedule{};  ///< for Strategy::replay
};

class Execution {
 public:
  Execution(const Options& options, Choices& choices, std::set<Site>& sites)
      : options_(options), choices_(choices), sites_(sites) {
    threads_.push_back(std::make_unique<Fibre>());
    threads_[0]->name = "main";
    current_ = this;
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() {
    over_ = true;
    // What the scenario's functions own dies with them, in the state that the execution left. A
    // wrong state cannot be taken down (a broken list may have no end): it is abandoned, as the
    // fibres are.
    for (auto& thread : threads_) {
      if (!failure_.empty()) (void)new std::function<void()>(std::move(thread->body));
      thread->body = nullptr;
    }
    if (!failure_.empty()) (void)new std::function<void()>(std::move(finally_));
    finally_ = nullptr;
    current_ = nullptr;
  }

  static Execution* current() { return current_; }

  // ---- for scenarios ----
  void thread(std::string name, std::function<void()> body) {
    threads_.push_back(std::make_unique<Fibre>());
    threads_.back()->name = std::move(name);
    threads_.back()->body = std::move(body);
  }
  void finally(std::function<void()> body) { finally_ = std::move(body); }

  /// Runs all threads to their end; whether nothing was wrong.
  bool run() {
    ++threads_[0]->view.clock[0];  // what main did happens before all of them
    for (std::size_t i = 1; i < threads_.size(); ++i) start(i);
    if (threads_.size() > 1) {
      running_ = 0;
      threads_[0]->state = State::done;
      go_on();
    }
    running_ = 0;
    if (failure_.empty()) {
      for (std::size_t i = 1; i < threads_.size(); ++i) {
        drain(*threads_[i]);
        ++threads_[i]->view.clock[i];
        threads_[0]->view.join(threads_[i]->view);
      }
      if (finally_) finally_();
    }
    choices_.end(steps_);
    return failure_.empty();
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] std::string trace() const;

  /// Ends the execution as failed; from a fibre it does not return.
  void fail(const std::string& reason) {
    if (failure_.empty()) failure_ = reason;
    if (running_ != 0) {
      for (;;) setcontext(&main_context_);
    }
  }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] int running() const { return running_; }

  // ---- for Atom ----
  std::size_t add_location(std::uint64_t value) {
    locations_.emplace_back();
    Store first{value, std::nullopt};
    locations_.back().append(std::move(first));
    const std::size_t location = locations_.size() - 1;
    self().view.floor(location) = 0;
    return location;
  }
  std::uint64_t load(std::size_t location, std::memory_order order,
                     const std::source_location& where);
  void store(std::size_t location, std::uint64_t value, std::memory_order order,
             const std::source_location& where);
  /// Read-modify-write; `change` computes the new value from the old, which is returned.
  template <typename Change>
  std::uint64_t update(std::size_t location, std::memory_order order, Change change,
                       const std::source_location& where);
  /// `failure` empty: what follows from `success`.
  bool compare_exchange(std::size_t location, std::uint64_t& expected, std::uint64_t desired,
                        std::memory_order success, std::optional<std::memory_order> failure,
                        bool weak, const std::source_location& where);

  // ---- for Parking ----
  enum class Park : std::uint8_t { woken, changed, timed_out };
  Park park(std::size_t location, std::uint64_t expected, bool timed);
  void unpark(std::size_t location, int count);
  void yield();
  /// Something that may or may not be so; of those that are, there are at most Options::troubles.
  bool perhaps() { return trouble(); }

  // ---- for plain data ----
  void plain_read(const void* address);
  void plain_write(const void* address);

 private:
  enum class State : std::uint8_t { ready, yielded, blocked, done };
  static constexpr std::size_t kStack = 128 * 1024;
  struct Fibre {
    std::string name;
    std::function<void()> body;
    ucontext_t context{};
    std::unique_ptr<char[]> stack;
    State state = State::ready;
    View view;
    std::deque<Pending> buffer;
    std::size_t yielded_at = 0;
    std::size_t blocked_on = 0;
    bool timed = false;
    Park outcome = Park::woken;
  };
  struct Event {
    int thread;
    const char* what;
    std::memory_order order;
    std::size_t location;
    std::uint64_t value;
    std::uint32_t line;
    const char* file;
  };

  Fibre& self() { return *threads_[static_cast<std::size_t>(running_)]; }
  void start(std::size_t index);
  static void enter(unsigned high, unsigned low);
  void point();
  void go_on();
  void switch_to(int next);
  [[noreturn]] void stuck();
  void drain(Fibre& fibre);
  void commit(std::size_t location, Store store);
  void replace(std::size_t location, std::uint64_t value, std::memory_order order);
  Store stored(std::uint64_t value, std::memory_order order);
  std::memory_order asked(Access access, std::memory_order order,
                          const std::source_location& where);
  void see(std::size_t location, std::uint32_t index, std::memory_order order);
  void note(const char* what, std::memory_order order, std::size_t location, std::uint64_t value,
            const std::source_location& where) {
    events_.push_back({running_, what, order, location, value, where.line(), where.file_name()});
  }
  bool trouble() {
    if (running_ == 0 || troubles_ >= options_.troubles) return false;
    if (choices_.pick(2, 1) == 0) return false;
    ++troubles_;
    return true;
  }

  static inline Execution* current_ = nullptr;
  const Options& options_;
  Choices& choices_;
  std::set<Site>& sites_;
  std::vector<std::unique_ptr<Fibre>> threads_;
  std::function<void()> finally_;
  ucontext_t main_context_{};
  std::deque<Location> locations_;
  std::unordered_map<const void*, PlainState> plain_;
  std::vector<Event> events_;
  std::string failure_;
  std::size_t steps_ = 0;
  int running_ = 0;
  int preemptions_ = 0;
  int delays_ = 0;
  int troubles_ = 0;
  bool over_ = false;
};

}  // namespace cogway::model

#include "checker/execution_impl.hpp"  // IWYU pragma: export
