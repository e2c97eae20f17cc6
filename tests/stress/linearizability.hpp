// SPDX-License-Identifier: Apache-2.0
#pragma once
// Is there one order of all calls, each at some moment between its begin and its end, in which a
// simple sequential object gives the same answers? Wing and Gong's search with Lowe's memory of
// configurations.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cogway::testing {

/// One finished call: `begin` and `end` are distinct ticks of one counter shared by all threads.
template <typename Call>
struct Operation {
  Call call;
  int thread = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

template <typename Call>
using History = std::vector<Operation<Call>>;

/// Whether two threads made these calls at the same time.
template <typename Call>
bool overlap(const Operation<Call>& a, const Operation<Call>& b) {
  return a.thread != b.thread && a.begin < b.end && b.begin < a.end;
}

/// What one thread records; `Clock` is a counter with fetch_add shared by all.
template <typename Clock, typename Call>
class Recorder {
 public:
  Recorder(Clock& clock, int thread) : clock_(clock), thread_(thread) {}

  template <typename Body>
  void record(Body body) {
    const std::uint64_t begin = clock_.fetch_add(1);
    Call call = body();
    history_.push_back({std::move(call), thread_, begin, clock_.fetch_add(1)});
  }
  [[nodiscard]] const History<Call>& history() const { return history_; }

 private:
  Clock& clock_;
  const int thread_;
  History<Call> history_;
};

/// `Spec` is a copyable sequential object:
///   using Call;                      what was called, with arguments and answer
///   bool apply(const Call&)          whether the object may answer so now; if it may, does it
///   std::string key() const          equal for equal states
///   static std::string text(const Call&)
template <typename Spec>
class Linearizability {
 public:
  using Call = typename Spec::Call;

  /// Empty when `history` is linearizable from `initial`; else what could not be ordered.
  static std::string violation(History<Call> history, Spec initial = {}) {
    std::sort(history.begin(), history.end(),
              [](const auto& a, const auto& b) { return a.begin < b.begin; });
    return Linearizability(std::move(history), std::move(initial)).search();
  }

 private:
  Linearizability(History<Call> history, Spec initial)
      : history_(std::move(history)), state_(std::move(initial)), done_(history_.size(), false) {}

  struct Step {
    std::size_t operation;
    Spec before;
  };

  std::string search() {
    std::size_t next = 0;  // first operation not yet considered at this level
    std::size_t best = 0;
    std::size_t obstacle = 0;
    std::vector<Step> path;
    while (path.size() < history_.size()) {
      const std::size_t chosen = choose(next);
      if (chosen != kNone) {
        path.push_back({chosen, state_});
        if (state_.apply(history_[chosen].call) && remember(chosen)) {
          done_[chosen] = true;
          if (path.size() > best) best = path.size();
          next = 0;
          continue;
        }
        state_ = std::move(path.back().before);
        path.pop_back();
        if (path.size() >= best) obstacle = chosen;
        next = chosen + 1;
        continue;
      }
      if (path.empty()) return describe(best, obstacle);
      next = path.back().operation + 1;
      done_[path.back().operation] = false;
      state_ = std::move(path.back().before);
      path.pop_back();
    }
    return {};
  }

  /// The first operation from `from` on that is not done and began before every other undone one
  /// ended.
  std::size_t choose(std::size_t from) const {
    std::uint64_t first_end = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (history_[i].begin > first_end) return kNone;
      if (done_[i]) continue;
      if (i >= from) return i;
      first_end = std::min(first_end, history_[i].end);
    }
    return kNone;
  }

  /// False if these operations have been done in another order that led to the same state.
  bool remember(std::size_t chosen) {
    std::string key((history_.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (done_[i] || i == chosen) key[i / 8] = static_cast<char>(key[i / 8] | (1 << (i % 8)));
    }
    return seen_.insert(key + state_.key()).second;
  }

  std::string describe(std::size_t best, std::size_t obstacle) const {
    std::string text = "no order of these calls explains their answers (" + std::to_string(best) +
                       " of " + std::to_string(history_.size()) + " could be ordered; stuck at " +
                       Spec::text(history_[obstacle].call) + "):\n";
    for (const auto& operation : history_) {
      text += "  [" + std::to_string(operation.begin) + ", " + std::to_string(operation.end) +
              "] thread " + std::to_string(operation.thread) + ": " + Spec::text(operation.call) +
              "\n";
    }
    return text;
  }

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  const History<Call> history_;
  Spec state_;
  std::vector<bool> done_;
  std::unordered_set<std::string> seen_;
};

}  // namespace cogway::testing
