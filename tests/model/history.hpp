// SPDX-License-Identifier: Apache-2.0
#pragma once
// The calls that the threads of a scenario make, and whether they are linearizable. The clock is an
// atomic of the checker's: every begin and every end is a scheduling point.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "../stress/linearizability.hpp"
#include "checker/atom.hpp"

namespace cogway::model {

template <typename Spec>
class ModelHistory {
 public:
  using Call = typename Spec::Call;

  explicit ModelHistory(int threads) {
    for (int i = 0; i < threads; ++i) recorders_.emplace_back(clock_, i);
  }
  ModelHistory(const ModelHistory&) = delete;
  ModelHistory& operator=(const ModelHistory&) = delete;

  /// `body()` makes the call and says what was answered.
  template <typename Body>
  void record(std::size_t thread, Body body) {
    recorders_[thread].record(body);
  }

  /// Fails the execution if the calls cannot be ordered from `initial` on; `mark(history)` may
  /// first say which answers have leave to be wrong.
  template <typename Mark>
  void expect_linearizable(Spec initial, Mark mark) {
    testing::History<Call> all;
    for (const auto& recorder : recorders_) {
      all.insert(all.end(), recorder.history().begin(), recorder.history().end());
    }
    mark(all);
    const std::string why =
        testing::Linearizability<Spec>::violation(std::move(all), std::move(initial));
    check(why.empty(), why);
  }
  void expect_linearizable(Spec initial) {
    expect_linearizable(std::move(initial), [](testing::History<Call>&) {});
  }

 private:
  Atom<std::uint64_t> clock_{0};
  std::deque<testing::Recorder<Atom<std::uint64_t>, Call>> recorders_;
};

}  // namespace cogway::model
