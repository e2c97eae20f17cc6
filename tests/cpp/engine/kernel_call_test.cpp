// SPDX-License-Identifier: Apache-2.0
// A kernel call from submission to buffers: inputs, outputs, out=, bounds, failures.
#include <doctest/doctest.h>

#include "test_kernels.hpp"

using namespace engine_test;

TEST_CASE("outputs are leased, written, frozen and given back") {
  Engine engine(options());
  {
    Call call = fill(1000, 3);
    TaskRef ticket;
    REQUIRE(engine.c_spawn(call.call, &ticket).ok());
    REQUIRE(ticket->wait_until());
    CHECK(ticket->status() == StatusCode::ok);
    REQUIRE(ticket->output_count() == 1);
    const BufferRef output = ticket->output(0);
    CHECK(output.nbytes() == 1000);
    CHECK(output.state() == BufferState::frozen);
    CHECK(std::to_integer<int>(output.data()[999]) == 3);
  }
  REQUIRE(engine.drain());
  CHECK(bus_is_empty(engine));
}

TEST_CASE("outputs stay leased when asked to, for a transfer") {
  Engine engine(options());
  Call call = fill(64);
  call.call.freeze = false;
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->output(0).state() == BufferState::leased);
}

TEST_CASE("a bound is shrunk to the real shape") {
  Engine engine(options());
  BufferRef source = lease(engine, 100);
  Call call("test.half");
  call.add(Input(source));
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  REQUIRE(ticket->status() == StatusCode::ok);
  CHECK(ticket->output(0).nbytes() == 50);
}

TEST_CASE("out= is written in place, and cannot be frozen meanwhile") {
  Engine engine(options(1));
  BufferRef batch = engine.bus().try_lease([] {
    Layout layout;
    const std::int64_t shape[] = {4, 100};
    REQUIRE(Layout::contiguous(kUint8, shape, &layout).ok());
    return layout;
  }());
  Latch gate;
  latch = &gate;
  Call block("test.deaf");
  REQUIRE(engine.c_spawn(block.call, nullptr).ok());
  gate.wait_begun(1);
  Call call = fill(100, 9);
  BufferView slot;
  REQUIRE(BufferView::whole(batch).index(2, &slot).ok());
  call.into(slot);
  slot = {};
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  CHECK(batch.freeze().code() == StatusCode::failed_precondition);
  gate.open = true;
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::ok);
  CHECK(std::to_integer<int>(batch.data()[200]) == 9);
  CHECK(std::to_integer<int>(batch.data()[299]) == 9);
  CHECK(batch.freeze().ok());

  SUBCASE("a frozen place is refused at the call") {
    Call again = fill(100);
    REQUIRE(BufferView::whole(batch).index(0, &slot).ok());
    again.into(slot);
    const Admission refused = engine.c_spawn(again.call, nullptr);
    CHECK(refused.cause() == Cause::invalid);
    CHECK(refused.status().code() == StatusCode::failed_precondition);
  }
}

TEST_CASE("out= of another shape is refused at the call, with both shapes") {
  Engine engine(options());
  BufferRef place = lease(engine, 99);
  Call call = fill(100);
  call.into(BufferView::whole(place));
  const Admission refused = engine.c_spawn(call.call, nullptr);
  CHECK(refused.cause() == Cause::invalid);
  CHECK(refused.status().message().find("uint8[100]") != std::string::npos);
  CHECK(refused.status().message().find("uint8[99]") != std::string::npos);
  CHECK(static_cast<bool>(call.out[0]));  // a refused call is untouched
}

TEST_CASE("a wrong call is refused where it is made") {
  Engine engine(options());
  Call none("test.half");
  const Admission inputs = engine.c_spawn(none.call, nullptr);
  CHECK(inputs.cause() == Cause::invalid);
  CHECK(inputs.status().message().find("takes 1 input, not 0") != std::string::npos);

  KernelCall missing;
  missing.kernel = registry().find("test.fill");
  const Admission params = engine.c_spawn(missing, nullptr);
  CHECK(params.cause() == Cause::invalid);
  CHECK(params.status().message().find("needs parameter 'n'") != std::string::npos);

  const Admission negative = submit(engine, fill(-5), nullptr);
  CHECK_FALSE(negative.ok());
  CHECK(engine.drain());
  CHECK(bus_is_empty(engine));
}

TEST_CASE("describe: a wrong input refuses, corrupt data fails the ticket") {
  Engine engine(options());
  BufferRef corrupt = lease(engine, 13);
  Call call("test.half");
  call.add(Input(corrupt));
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  CHECK(ticket->done());
  CHECK(ticket->status() == StatusCode::data_loss);
  CHECK(ticket->cause() == Cause::kernel);
  CHECK(ticket->message() == "thirteen bytes are corrupt");
}

TEST_CASE("a kernel's failure arrives with code and message") {
  Engine engine(options());
  Call call("test.fail",
            {{"code", std::int64_t{COGWAY_UNIMPLEMENTED}}, {"message", std::string_view("no")}});
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::unimplemented);
  CHECK(ticket->cause() == Cause::kernel);
  CHECK(ticket->message() == "no");
  CHECK(ticket->output_count() == 0);
}

TEST_CASE("a status that is none becomes internal and names the kernel") {
  Engine engine(options());
  Call call("test.code");
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::internal);
  CHECK(ticket->message().find("test.code") != std::string_view::npos);
}

TEST_CASE("inputs from outside are released exactly once, run or refused") {
  static std::atomic<int> released{0};
  released = 0;
  const auto release = [](void*) noexcept { released.fetch_add(1); };
  std::vector<std::uint8_t> bytes(10, 1);
  cogway_view view{};
  view.size = sizeof(view);
  view.ndim = 1;
  view.data = bytes.data();
  view.dtype = {COGWAY_UINT, 8, 1};
  view.nbytes = 10;
  view.shape[0] = 10;
  view.strides[0] = 1;
  {
    Engine engine(options());
    Call call("test.half");
    call.add(Input(view, bytes.data(), release));
    TaskRef ticket;
    REQUIRE(engine.c_spawn(call.call, &ticket).ok());
    REQUIRE(ticket->wait_until());
    CHECK(released == 1);  // before the ticket was done
    view.ndim = 2;
    Call refused("test.half");
    refused.add(Input(view, bytes.data(), release));
    CHECK_FALSE(engine.c_spawn(refused.call, nullptr).ok());
    CHECK(released == 1);
  }
  CHECK(released == 2);
}

TEST_CASE("scratch memory and logging") {
  Engine engine(options());
  Call call("test.scratch");
  TaskRef ticket;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(engine.c_spawn(call.call, &ticket).ok());
    REQUIRE(ticket->wait_until());
    CHECK(ticket->status() == StatusCode::ok);
  }
  LogRecord record;
  REQUIRE(engine.log().pop(&record));
  CHECK(record.level == 30);
  CHECK(std::string(record.name) == "test.scratch");
  CHECK(std::string(record.message) == "scratch was had");
}

TEST_CASE("describe() says what a call would need and makes nothing") {
  Engine engine(options());
  Call call = fill(100);
  Layout layout;
  REQUIRE(engine.describe(call.call, {&layout, 1}).ok());
  CHECK(layout.nbytes() == 100);
  CHECK(bus_is_empty(engine));
  CHECK(engine.in_flight() == 0);
}

TEST_CASE("a kernel called inline from a task: chain without a queue") {
  Engine engine(options());
  TaskRef ticket;
  std::uint64_t bytes = 0;
  const auto chain = [&bytes](TaskContext& context) {
    Call first = fill(100, 5);
    CallResult filled;
    context.call(first.call, &filled);
    if (filled.code != StatusCode::ok) return filled.code;
    Call second("test.half");
    second.add(Input(std::move(filled.outputs[0])));
    CallResult halved;
    context.call(second.call, &halved);
    if (halved.code == StatusCode::ok) bytes = halved.outputs[0].nbytes();
    Call third("test.fail");
    CallResult failed;
    context.call(third.call, &failed);
    return context.fail(failed.code, failed.message);
  };
  REQUIRE(engine.spawn(chain, {}, &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(bytes == 50);
  CHECK(ticket->status() == StatusCode::data_loss);
  CHECK(ticket->message() == "oops");
  ticket.reset();
  REQUIRE(engine.drain());
  CHECK(bus_is_empty(engine));
}
