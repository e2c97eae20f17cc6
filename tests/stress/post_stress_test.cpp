// SPDX-License-Identifier: Apache-2.0
// Posts under load: posters on every worker, a consumer that sleeps on the descriptor, ports that
// close and open meanwhile. A lost wake-up hangs the test.
#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <thread>
#include <vector>

#include "../cpp/engine/test_kernels.hpp"

using namespace engine_test;

namespace {

/// Takes from a port until it has been closed; returns how many there were.
std::uint64_t consume(PostPort& port) {
  std::uint64_t taken = 0;
  Post post;
  const auto take_all = [&] {
    while (port.take(&post)) ++taken;
  };
  for (;;) {
    pollfd waiting{port.fd(), POLLIN, 0};
    (void)::poll(&waiting, 1, -1);
    port.clear_signal();
    take_all();
    port.listen();
    take_all();
    if (port.closed() && port.empty()) return taken;
  }
}

}  // namespace

TEST_CASE("many posters, one consumer: nothing is lost, nothing hangs") {
  Engine engine(options(3, std::uint64_t{4} << 20));
  const auto port = engine.open_port("n", {.capacity = 8});
  std::uint64_t taken = 0;
  std::thread consumer([&] { taken = consume(*port); });
  constexpr int kTasks = 6;
  constexpr int kPosts = 3000;
  TaskGroup group;
  SpawnOptions how;
  how.group = &group;
  for (int t = 0; t < kTasks; ++t) {
    REQUIRE(engine
                .spawn(
                    [](TaskContext& context) {
                      std::int64_t number = 0;
                      cogway_view view{};
                      view.size = sizeof(view);
                      view.data = &number;
                      view.dtype = {COGWAY_INT, 64, 1};
                      view.nbytes = 8;
                      for (int i = 0; i < kPosts; ++i) {
                        number = i;
                        const auto count = static_cast<std::size_t>(i % 2);
                        while (context.post("n", {&view, count}) != StatusCode::ok) {
                          os::yield_thread();
                        }
                      }
                    },
                    how)
                .ok());
  }
  group.wait();
  port->close();
  port->signal();
  consumer.join();
  CHECK(taken == static_cast<std::uint64_t>(kTasks) * kPosts);
  CHECK(port->statistics().posted == taken);
  CHECK(bus_is_empty(engine));
}

TEST_CASE("ports come and go under their posters") {
  Engine engine(options(3, std::uint64_t{1} << 20));
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> accepted{0};
  TaskGroup group;
  SpawnOptions how;
  how.group = &group;
  for (int t = 0; t < 3; ++t) {
    REQUIRE(engine
                .spawn(
                    [&](TaskContext& context) {
                      while (!over.load()) {
                        accepted += context.post("n", {}) == StatusCode::ok ? 1 : 0;
                        os::yield_thread();
                      }
                    },
                    how)
                .ok());
  }
  std::uint64_t taken = 0;
  for (int round = 0; round < 300; ++round) {
    const auto port = engine.open_port("n", {.capacity = 2, .when_full = FullPortPolicy::fail});
    os::yield_thread();
    port->close();
    Post post;
    while (!port->empty()) taken += port->take(&post) ? 1 : 0;
  }
  over.store(true);
  group.wait();
  CHECK(taken == accepted.load());
}
