// SPDX-License-Identifier: Apache-2.0
// Posts: from kernels to whoever takes them, bounded, counted, and what becomes of them at the end.
#include "cogway/engine/post_port.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {

cogway_view view_of(const std::int64_t* data, std::int64_t n, std::int64_t stride = 8) {
  cogway_view view{};
  view.size = sizeof(view);
  view.ndim = 1;
  view.data = const_cast<std::int64_t*>(data);
  view.dtype = {COGWAY_INT, 64, 1};
  view.nbytes = n == 0 ? 0 : static_cast<std::uint64_t>((n - 1) * stride + 8);
  view.shape[0] = n;
  view.strides[0] = stride;
  return view;
}

/// What one post of one number becomes.
StatusCode post_number(TaskContext& context, const char* name, std::int64_t number) {
  const cogway_view view = view_of(&number, 1);
  return context.post(name, {&view, 1});
}

/// The same, in a task of its own.
StatusCode post(Engine& engine, const char* name, std::int64_t number) {
  std::atomic<StatusCode> code{StatusCode::internal};
  TaskRef ticket;
  REQUIRE(engine
              .spawn([&](TaskContext& context) { code = post_number(context, name, number); }, {},
                     &ticket)
              .ok());
  ticket->wait_until();
  return code.load();
}

std::int64_t number_in(const Post& post) {
  REQUIRE(post.n_buffers == 1);
  std::int64_t number = 0;
  std::memcpy(&number, post.buffers[0].data(), sizeof(number));
  return number;
}

bool readable(const PostPort& port) {
  pollfd waiting{port.fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

}  // namespace

TEST_CASE("a post arrives as frozen copies, in order") {
  Engine engine(options(1));
  const auto port = engine.open_port("tiles");
  CHECK(port->name() == "tiles");
  CHECK_FALSE(readable(*port));
  TaskRef ticket;
  REQUIRE(engine
              .spawn(
                  [](TaskContext& context) {
                    const std::int64_t numbers[] = {1, 2, 3, 4, 5};
                    const cogway_view views[] = {view_of(numbers, 5), view_of(numbers + 4, 3, -16),
                                                 view_of(numbers, 0)};
                    if (context.post("tiles", views) != StatusCode::ok) {
                      return StatusCode::internal;
                    }
                    return context.post("tiles", {});
                  },
                  {}, &ticket)
              .ok());
  ticket->wait_until();
  CHECK(ticket->status() == StatusCode::ok);
  CHECK(readable(*port));
  port->clear_signal();
  Post first;
  REQUIRE(port->take(&first));
  REQUIRE(first.n_buffers == 3);
  CHECK(first.buffers[0].layout().describe() == "int64[5]");
  CHECK(first.buffers[0].state() == BufferState::frozen);
  const std::int64_t backwards[] = {5, 3, 1};
  CHECK(std::memcmp(first.buffers[1].data(), backwards, sizeof(backwards)) == 0);
  CHECK(first.buffers[2].nbytes() == 0);
  Post second;
  REQUIRE(port->take(&second));
  CHECK(second.n_buffers == 0);
  CHECK_FALSE(port->take(&second));
  const PortStatistics counted = engine.statistics().ports.at(0);
  CHECK(counted.posted == 2);
  CHECK(counted.taken == 2);
  CHECK(counted.signals == 1);
  first = {};
  CHECK(bus_is_empty(engine));
}

TEST_CASE("a burst makes one signal until the consumer listens again") {
  Engine engine(options(1));
  const auto port = engine.open_port("n");
  for (int i = 0; i < 5; ++i) CHECK(post(engine, "n", i) == StatusCode::ok);
  CHECK(port->statistics().signals == 1);
  port->clear_signal();
  Post taken;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(port->take(&taken));
    CHECK(number_in(taken) == i);
  }
  CHECK(post(engine, "n", 5) == StatusCode::ok);
  CHECK_FALSE(readable(*port));
  port->listen();
  CHECK(port->take(&taken));
  CHECK(post(engine, "n", 6) == StatusCode::ok);
  CHECK(readable(*port));
}

TEST_CASE("full: refused, or the newest dropped, or the oldest") {
  Engine engine(options(1));
  const auto fill_up = [&](const char* name, FullPortPolicy policy) {
    const auto port = engine.open_port(name, {.capacity = 4, .when_full = policy});
    for (int i = 0; i < 4; ++i) REQUIRE(post(engine, name, i) == StatusCode::ok);
    return port;
  };
  const auto numbers = [](PostPort& port) {
    std::vector<std::int64_t> found;
    Post taken;
    while (port.take(&taken)) found.push_back(number_in(taken));
    return found;
  };
  const auto failing = fill_up("fail", FullPortPolicy::fail);
  CHECK(post(engine, "fail", 4) == StatusCode::resource_exhausted);
  CHECK(failing->statistics().refused == 1);
  CHECK(numbers(*failing) == std::vector<std::int64_t>{0, 1, 2, 3});
  const auto newest = fill_up("newest", FullPortPolicy::drop_newest);
  CHECK(post(engine, "newest", 4) == StatusCode::ok);
  CHECK(newest->statistics().dropped == 1);
  CHECK(numbers(*newest) == std::vector<std::int64_t>{0, 1, 2, 3});
  const auto oldest = fill_up("oldest", FullPortPolicy::drop_oldest);
  CHECK(post(engine, "oldest", 4) == StatusCode::ok);
  CHECK(post(engine, "oldest", 5) == StatusCode::ok);
  CHECK(oldest->statistics().dropped == 2);
  CHECK(oldest->statistics().posted == 6);
  CHECK(numbers(*oldest) == std::vector<std::int64_t>{2, 3, 4, 5});
}

TEST_CASE("unknown, closed, full bus, too much, malformed: each has its answer") {
  Engine engine(options(1, std::uint64_t{64} << 10));
  CHECK(post(engine, "nobody", 1) == StatusCode::not_found);
  const auto port = engine.open_port("n");
  TaskRef ticket;
  std::atomic<StatusCode> codes[3] = {};
  REQUIRE(engine
              .spawn(
                  [&](TaskContext& context) {
                    const std::vector<std::int64_t> large(10'000);
                    const cogway_view view = view_of(large.data(), 10'000);
                    codes[0] = context.post("n", {&view, 1});
                    const std::vector<cogway_view> many(COGWAY_MAX_BUFFERS + 1,
                                                        view_of(large.data(), 1));
                    codes[1] = context.post("n", many);
                    cogway_view wrong = view_of(large.data(), 1);
                    wrong.dtype.bits = 7;
                    codes[2] = context.post("n", {&wrong, 1});
                  },
                  {}, &ticket)
              .ok());
  ticket->wait_until();
  CHECK(codes[0].load() == StatusCode::resource_exhausted);
  CHECK(codes[1].load() == StatusCode::invalid_argument);
  CHECK(codes[2].load() == StatusCode::invalid_argument);
  CHECK(post(engine, "n", 7) == StatusCode::ok);
  port->close();
  CHECK(post(engine, "n", 8) == StatusCode::unavailable);
  Post taken;
  REQUIRE(port->take(&taken));  // what was accepted is still there
  CHECK(number_in(taken) == 7);
  CHECK(port->statistics().refused == 4);
}

TEST_CASE("a name is taken while its port is open, and free afterwards") {
  Engine engine(options(1));
  CHECK_THROWS_AS((void)engine.open_port(""), std::invalid_argument);
  CHECK_THROWS_AS((void)engine.open_port(std::string(64, 'x')), std::invalid_argument);
  CHECK_THROWS_AS((void)engine.open_port("n", {.capacity = 0}), std::invalid_argument);
  for (int i = 0; i < 1000; ++i) {
    const auto port = engine.open_port("n", {.capacity = 2});
    CHECK_THROWS_AS((void)engine.open_port("n"), std::logic_error);
    CHECK(post(engine, "n", i) == StatusCode::ok);
    port->close();
  }
  std::vector<std::shared_ptr<PostPort>> many;
  for (std::size_t i = 0; i < 256; ++i) many.push_back(engine.open_port("p" + std::to_string(i)));
  CHECK_THROWS_AS((void)engine.open_port("one more"), std::invalid_argument);
  many[3]->close();
  CHECK(engine.open_port("one more") != nullptr);
  CHECK(post(engine, "p3", 1) == StatusCode::not_found);
}

TEST_CASE("while the engine drains posts are taken; once it is stopped they are refused") {
  Engine engine(options(1));
  const auto port = engine.open_port("n");
  Latch gate;
  std::atomic<StatusCode> draining{StatusCode::internal};
  std::atomic<StatusCode> stopped{StatusCode::internal};
  REQUIRE(engine
              .spawn([&](TaskContext& context) {
                while (!engine.closed()) os::yield_thread();
                draining = post_number(context, "n", 1);
                gate.begun.fetch_add(1);
                while (!context.cancelled()) os::yield_thread();
                stopped = post_number(context, "n", 2);
              })
              .ok());
  CHECK_FALSE(engine.drain(monotonic_now()));
  gate.wait_begun(1);
  engine.stop();
  CHECK(draining.load() == StatusCode::ok);
  CHECK(stopped.load() == StatusCode::unavailable);
  CHECK(port->closed());
  CHECK_THROWS_AS((void)engine.open_port("later"), std::logic_error);
  Post taken;
  REQUIRE(port->take(&taken));
  CHECK(number_in(taken) == 1);
}
