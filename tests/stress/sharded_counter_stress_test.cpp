// SPDX-License-Identifier: Apache-2.0
// Threads that come and go while others add and one looks: nothing is lost, and a sum never falls
// behind what had been added.

#include "cogway/sync/sharded_counter.hpp"
#include "queue_stress.hpp"

using namespace cogway;
using namespace cogway::testing;

namespace {

std::int64_t sum(const ShardedCounter<>& counter) {
  std::int64_t total = 0;
  counter.each([&](std::int64_t part) { total += part; });
  return total;
}

}  // namespace

TEST_CASE("threads come and go, and share shards or do not") {
  const int generations = stress_rounds(200);
  constexpr int kEach = 500;
  constexpr int kLines = 4;
  for (const std::size_t shards : {std::size_t{1}, std::size_t{2}, std::size_t{8}}) {
    ShardedCounter<> counter(shards);
    std::atomic<bool> over{false};
    std::atomic<std::int64_t> added{0};  ///< before it is known here, it is in the counter
    std::atomic<int> behind{0};
    std::thread looker([&] {
      std::int64_t last = 0;
      while (!over.load()) {
        const std::int64_t known = added.load();
        const std::int64_t seen = sum(counter);
        if (seen < known || seen < last) ++behind;
        last = seen;
      }
    });
    std::vector<std::thread> lines;
    for (int line = 0; line < kLines; ++line) {
      lines.emplace_back([&] {
        for (int i = 0; i < generations; ++i) {
          std::thread([&] {
            const std::size_t mine = shard_of_thread();
            for (int n = 0; n < kEach; ++n) {
              if (!counter.add(mine, 1)) ++behind;
              added.fetch_add(1);
            }
          }).join();
        }
      });
    }
    for (std::thread& line : lines) line.join();
    over = true;
    looker.join();
    CHECK(behind == 0);
    CHECK(sum(counter) == std::int64_t{kLines} * generations * kEach);
  }
}
