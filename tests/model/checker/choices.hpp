// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the freedom of an execution lies: every time more than one thing may happen next, somebody
// has to pick. Four pickers: at random, by priorities (PCT), all of them in turn, or as written
// down before.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace cogway::model {

enum class Strategy : std::uint8_t {
  random,  ///< any enabled thread at each step, the running one preferred
  pct,     ///< highest priority first; priorities drop at `bound` random steps (Burckhardt et al.)
  exhaustive,  ///< depth-first over every choice, within the bounds of Options
  replay,      ///< the picks of a Report's schedule
};

/// Picks among numbered options, of which 0 is always the dull one: go on, the newest value, no
/// trouble.
class Choices {
 public:
  Choices(Strategy strategy, std::uint64_t seed, int bound, std::vector<std::uint32_t> script)
      : strategy_(strategy), seed_(seed), bound_(bound), script_(std::move(script)) {}

  /// Begins the next execution; false when there is none left.
  bool begin() {
    if (strategy_ == Strategy::exhaustive && begun_ > 0 && !advance()) return false;
    if (strategy_ == Strategy::replay && begun_ > 0) return false;
    generator_.seed(seed_ + begun_ * 0x9e3779b97f4a7c15U);
    taken_.clear();
    at_ = 0;
    ++begun_;
    std::iota(priorities_.begin(), priorities_.end(), 1);
    std::shuffle(priorities_.begin(), priorities_.end(), generator_);
    lowest_ = 0;
    change_at_.clear();
    for (int i = 0; i < bound_; ++i)
      change_at_.push_back(random(std::max(longest_, std::size_t{16})));
    return true;
  }
  void end(std::size_t steps) { longest_ = std::max(longest_, steps); }

  /// One of 0 … options-1. `eager`: how many times in 8 a random picker leaves option 0.
  std::uint32_t pick(std::size_t options, unsigned eager = 4) {
    if (options <= 1) return 0;
    std::uint32_t choice = 0;
    switch (strategy_) {
      case Strategy::random:
      case Strategy::pct:
        if (random(8) < eager) choice = static_cast<std::uint32_t>(random(options));
        break;
      case Strategy::exhaustive:
        if (at_ == path_.size()) path_.push_back({0, static_cast<std::uint32_t>(options)});
        choice = path_[at_].chosen;
        break;
      case Strategy::replay:
        if (at_ < script_.size()) choice = script_[at_];
        choice = std::min(choice, static_cast<std::uint32_t>(options - 1));
        break;
    }
    ++at_;
    taken_.push_back(choice);
    return choice;
  }

  /// An index into `threads`, whose first is the running one if it may go on.
  std::uint32_t pick_thread(std::span<const int> threads, std::size_t step, int running) {
    if (strategy_ != Strategy::pct) return pick(threads.size());
    for (const std::size_t change : change_at_) {
      if (change == step) demote(running);
    }
    std::uint32_t best = 0;
    for (std::uint32_t i = 1; i < threads.size(); ++i) {
      if (priority(threads[i]) > priority(threads[best])) best = i;
    }
    if (threads.size() > 1) {
      ++at_;
      taken_.push_back(best);
    }
    return best;
  }

  /// A thread that waits for others comes after them.
  void demote(int thread) { priorities_[static_cast<std::size_t>(thread)] = --lowest_; }

  [[nodiscard]] bool bounded() const { return strategy_ == Strategy::exhaustive; }
  [[nodiscard]] const std::vector<std::uint32_t>& taken() const { return taken_; }

 private:
  struct Branch {
    std::uint32_t chosen;
    std::uint32_t options;
  };

  bool advance() {
    while (!path_.empty() && path_.back().chosen + 1 == path_.back().options) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().chosen;
    return true;
  }
  std::size_t random(std::size_t below) { return static_cast<std::size_t>(generator_() % below); }
  int priority(int thread) const { return priorities_[static_cast<std::size_t>(thread)]; }

  const Strategy strategy_;
  const std::uint64_t seed_;
  const int bound_;
  const std::vector<std::uint32_t> script_;
  std::mt19937_64 generator_;
  std::vector<Branch> path_;
  std::vector<std::uint32_t> taken_;
  std::vector<int> priorities_ = std::vector<int>(16);
  std::vector<std::size_t> change_at_;
  std::size_t at_ = 0;
  std::size_t longest_ = 0;
  std::uint64_t begun_ = 0;
  int lowest_ = 0;
};

}  // namespace cogway::model
