// SPDX-License-Identifier: Apache-2.0
#pragma once
// The work, and what each way of sharing it is asked to do. One implementation per file.

#include <atomic>
#include <cstdint>
#include <memory>

namespace bench {

/// So many dependent steps of arithmetic for each item, in registers: no memory that could be the
/// limit, and nothing that the compiler can leave out or put into vectors, so that a piece of one
/// item costs what an item of a large piece does. Some microseconds.
inline constexpr int kStepsPerItem = 1000;

inline std::uint64_t work(std::int64_t begin, std::int64_t end) {
  std::uint64_t sum = 0;
  for (std::int64_t item = begin; item < end; ++item) {
    auto state = static_cast<std::uint64_t>(item) | 1;
    for (int step = 0; step < kStepsPerItem; ++step) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      asm volatile("" : "+r"(state));
    }
    sum += state;
  }
  return sum;
}

/// Set up once for a number of workers, which are there and idle between calls.
class Contestant {
 public:
  virtual ~Contestant() = default;
  /// Works off the items [0, n), in pieces of at least `grain`; returns the sum of work().
  virtual std::uint64_t run(std::int64_t n, std::int64_t grain) = 0;
};

std::unique_ptr<Contestant> make_cogway(int workers);
std::unique_ptr<Contestant> make_pinned(int workers);
std::unique_ptr<Contestant> make_onetbb(int workers);  ///< null: not built in
std::unique_ptr<Contestant> make_openmp(int workers);  ///< null: not built in

}  // namespace bench
