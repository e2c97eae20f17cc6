// SPDX-License-Identifier: Apache-2.0
// Uses each layer once, from the installed headers and archives alone.

#include <array>
#include <atomic>
#include <cogway/cogway.hpp>
#include <cstdio>

int main() {
  cogway::EngineOptions options;
  options.foreground_workers = 1;
  options.background_workers = 1;
  cogway::Engine engine(options);

  std::atomic<int> ran = 0;
  for (int task = 0; task < 100; ++task) {
    engine.spawn([&ran] { ran.fetch_add(1); });
  }
  engine.drain();

  const std::array<std::int64_t, 2> shape = {4, 8};
  cogway::Layout layout;
  if (!cogway::Layout::contiguous(cogway::kFloat32, shape, &layout).ok()) return 1;
  cogway::Reservation bytes = engine.bus().try_reserve(cogway::Bus::charge(layout.nbytes()));
  const cogway::BufferRef buffer = engine.bus().lease(bytes, layout);
  if (!buffer || !buffer.freeze().ok()) return 1;

  std::printf("cogway %s ran %d tasks and froze %llu bytes\n", cogway::kVersionString, ran.load(),
              static_cast<unsigned long long>(buffer.nbytes()));
  return ran == 100 ? 0 : 1;
}
