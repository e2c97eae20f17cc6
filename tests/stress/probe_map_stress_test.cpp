// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "probe_objects.hpp"

using namespace cogway;
using cogway::testing::drop_change;
using cogway::testing::empty_map;
using cogway::testing::ProbeObjects;
using Policy = cogway::testing::ProbePolicy<true>;

TEST_CASE("probe map: readers get what belongs to the key, whatever writers do") {
  constexpr std::uint64_t kKeys = 24;
  constexpr int kTurns = 40'000;
  auto objects = std::make_unique<ProbeObjects>();
  ProbeMap<Policy> map;
  std::atomic<int> writing{2};
  std::atomic<std::uint64_t> wrong{0};
  std::vector<std::jthread> threads;
  for (std::size_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int turn = 0; turn < kTurns; ++turn) {
        const std::uint64_t key = static_cast<std::uint64_t>(turn) * 7 % kKeys;
        ProbeChange change;
        if (turn % 5 != 4) {
          change.key = 2 * key + 1;
          change.value = objects->make(writer, static_cast<std::int64_t>(key));
        }
        (void)map.put<ProbeWhen::always>(Policy::probe(key), change);
        drop_change<Policy>(change);
        if (turn % 4096 == 0) empty_map(map);
      }
      --writing;
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (writing.load() != 0) {
        for (std::uint64_t key = 0; key < kKeys; ++key) {
          ProbeWord value = 0;
          if (map.get(Policy::probe(key), value) != ProbeResult::found) continue;
          if (ProbeObjects::at(value).content != static_cast<std::int64_t>(key)) ++wrong;
          Policy::drop(value);
        }
      }
    });
  }
  threads.clear();
  CHECK(wrong.load() == 0);
  CHECK(objects->held() == static_cast<std::int64_t>(map.size()));
  empty_map(map);
  CHECK(objects->held() == 0);
}
