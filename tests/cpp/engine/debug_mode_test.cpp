// SPDX-License-Identifier: Apache-2.0
// Kernels that write where they must not, in an engine in debug mode.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "cogway/bus/debug_report.hpp"
#include "test_kernels.hpp"

using namespace engine_test;

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Where the kernels of this file go astray: the tests run them one after another.
std::ptrdiff_t stray_at = 0;
void* kept = nullptr;

void scribble(void* memory) { static_cast<char*>(memory)[stray_at] = 1; }

int32_t output_run(const cogway_call* call) {
  scribble(call->outputs[0].data);
  return COGWAY_OK;
}
int32_t scratch_run(const cogway_call* call) {
  kept = host_table()->scratch(call->context, 40);
  scribble(kept);
  return COGWAY_OK;
}

int32_t reduce_run(const cogway_call* call) {
  std::int64_t sum = 0;
  const auto body = [](void*, std::int64_t begin, std::int64_t end, void* partial) -> int32_t {
    *static_cast<std::int64_t*>(partial) += end - begin;
    if (begin == 0) scribble(partial);
    return COGWAY_OK;
  };
  const auto combine = [](void*, void* into, const void* partial) {
    *static_cast<std::int64_t*>(into) += *static_cast<const std::int64_t*>(partial);
  };
  return host_table()->parallel_reduce(call->context, 100, 10, body, combine, nullptr, &sum,
                                       sizeof(sum));
}

cogway::KernelRegistry& stray_registry() {
  static KernelRegistry* const made = [] {
    auto* registry = new KernelRegistry();
    static cogway_param_spec params[] = {int_param("n", COGWAY_PARAM_REQUIRED, 0)};
    static cogway_kernel kernels[] = {make("stray.output", &output_run),
                                      make("stray.scratch", &scratch_run),
                                      make("stray.reduce", &reduce_run)};
    kernels[0].describe = &fill_describe;
    kernels[0].n_outputs = 1;
    kernels[0].max_inputs = 1;
    kernels[0].params = params;
    kernels[0].n_params = 1;
    static const cogway_pack pack = {
        sizeof(cogway_pack), COGWAY_KERNEL_ABI, "stray", "1", kernels, 3};
    if (!registry->add(pack, "").ok()) std::abort();
    return registry;
  }();
  return *made;
}

EngineOptions debug_options(int workers = 1) {
  EngineOptions made = options(workers);
  made.registry = &stray_registry();
  made.debug = true;
  return made;
}

struct StrayCall {
  explicit StrayCall(const char* name) { call.kernel = stray_registry().find(name); }
  StrayCall(std::int64_t n, std::ptrdiff_t at) : StrayCall("stray.output") {
    stray_at = at;
    const ParamArgument arguments[] = {{"n", n}};
    REQUIRE(values.normalize(*call.kernel, arguments).ok());
    call.params = &values;
  }
  TaskRef run(Engine& engine) {
    TaskRef ticket;
    REQUIRE(engine.c_spawn(call, &ticket).ok());
    REQUIRE(ticket->wait_until());
    return ticket;
  }
  KernelCall call;
  ParamValues values;
};

}  // namespace

TEST_CASE("debug mode is an option, and off") {
  CHECK_FALSE(EngineOptions{}.debug);
  Engine engine(options());
  CHECK(engine.debug_report() == nullptr);
  CHECK(engine.bus().debug_report() == nullptr);
  ::setenv("COGWAY_DEBUG", "1", 1);
  CHECK(options_from_environment().debug);
  ::unsetenv("COGWAY_DEBUG");
  CHECK_FALSE(options_from_environment().debug);
}

TEST_CASE("good kernels run in debug mode as without it") {
  EngineOptions made = options();
  made.debug = true;
  Engine engine(made);
  CHECK(engine.debug_report() == engine.bus().debug_report());
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{1}, std::int64_t{100'000}}) {
    Call call = fill(n, 3);
    TaskRef ticket;
    REQUIRE(engine.c_spawn(call.call, &ticket).ok());
    REQUIRE(ticket->wait_until());
    REQUIRE(ticket->status() == StatusCode::ok);
    const BufferRef output = ticket->output(0);
    CHECK(output.state() == BufferState::frozen);
    if (n != 0) CHECK(std::to_integer<int>(output.data()[n - 1]) == 3);
  }
  Call scratch("test.scratch");
  TaskRef ticket;
  REQUIRE(engine.c_spawn(scratch.call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::ok);
  ticket.reset();
  REQUIRE(engine.drain());
  CHECK(bus_is_empty(engine));
  CHECK(engine.bus().report_held() == 0);
  CHECK(engine.debug_report()->count() == 0);
}

TEST_CASE("a call within a cancelled task is told of its overrun all the same") {
  Engine engine(debug_options());
  StrayCall stray(100, 100);
  CallResult result;
  std::atomic<bool> inside{false};
  TaskRef ticket;
  REQUIRE(engine
              .spawn(
                  [&](TaskContext& context) {
                    inside.store(true);
                    while (!context.cancelled()) std::this_thread::yield();
                    context.call(stray.call, &result);
                  },
                  {}, &ticket)
              .ok());
  while (!inside.load()) std::this_thread::yield();
  REQUIRE(ticket->cancel());
  REQUIRE(engine.drain());
  CHECK(result.code == StatusCode::internal);
  CHECK(contains(result.message, "wrote 1 byte past the end of output 0"));
  CHECK(ticket->status() == StatusCode::cancelled);
  CHECK(engine.debug_report()->count() == 1);
}

TEST_CASE("an overrun is the failure of its ticket") {
  Engine engine(debug_options());
  StrayCall call(100, 100);
  call.call.place = engine.debug_report()->keep("shop.cpp:5");
  const TaskRef ticket = call.run(engine);
  CHECK(ticket->status() == StatusCode::internal);
  CHECK(ticket->cause() == Cause::kernel);
  CHECK(
      contains(ticket->message(),
               "kernel 'stray.output' wrote 1 byte past the end of output 0: buffer 1 (uint8[100], "
               "100 bytes, output 0 of 'stray.output', leased at shop.cpp:5), the first at offset "
               "100"));
  CHECK(StrayCall(100, 99).run(engine)->status() == StatusCode::ok);
  CHECK(StrayCall(100, -1).run(engine)->status() == StatusCode::internal);
  CHECK(engine.debug_report()->findings().back().kind == FindingKind::underrun);
}

TEST_CASE("what is written beyond out= reaches nobody") {
  Engine engine(debug_options());
  const BufferRef batch = lease(engine, 300);
  std::memset(batch.mutable_data(), 0, 300);
  BufferView middle;
  REQUIRE(BufferView::whole(batch).slice(0, 100, 100, 1, &middle).ok());
  for (const std::ptrdiff_t at : {100, -1, 50}) {
    CAPTURE(at);
    StrayCall call(100, at);
    BufferView out = middle;
    call.call.out = {&out, 1};
    const TaskRef ticket = call.run(engine);
    CHECK((ticket->status() == StatusCode::ok) == (at == 50));
    CHECK(batch.data()[99] == std::byte{0});
    CHECK(batch.data()[200] == std::byte{0});
  }
  CHECK(batch.data()[150] == std::byte{1});
}

TEST_CASE("scratch has redzones, and fails the ticket that overran it") {
  Engine engine(debug_options());
  for (const std::ptrdiff_t at : {40, -1, 39}) {
    stray_at = at;
    const TaskRef ticket = StrayCall("stray.scratch").run(engine);
    CHECK((ticket->status() == StatusCode::ok) == (at == 39));
    if (at == 40) {
      CHECK(ticket->message() ==
            "kernel 'stray.scratch' wrote 1 byte past the end of scratch 0: of 40 bytes, the first "
            "at offset 40");
    }
  }
}

TEST_CASE("a partial result of a parallel_reduce has a redzone behind it") {
  Engine engine(debug_options(2));
  for (const std::ptrdiff_t at : {8, 70, 7}) {
    stray_at = at;
    const TaskRef ticket = StrayCall("stray.reduce").run(engine);
    CHECK((ticket->status() == StatusCode::ok) == (at == 7));
    if (at == 8) {
      CHECK(ticket->message() ==
            "kernel 'stray.reduce' wrote 1 byte past the end of a partial result: of 8 bytes, the "
            "first at offset 8");
    }
  }
}

TEST_CASE("a C++ callable's scratch has redzones too") {
  Engine engine(debug_options());
  TaskRef ticket;
  REQUIRE(engine
              .spawn(
                  [](TaskContext& context) {
                    static_cast<char*>(context.scratch(8))[8] = 1;
                    return StatusCode::ok;
                  },
                  {}, &ticket)
              .ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::internal);
  CHECK(contains(ticket->message(), "past the end of scratch 0: of 8 bytes"));
}

TEST_CASE("a bus without debug mode has its kernels guarded as far as they are its engine's") {
  EngineOptions made = debug_options();
  made.bus = Bus::create({.capacity = 1 << 20});
  Engine engine(made);
  REQUIRE(engine.debug_report() != nullptr);
  CHECK(engine.bus().debug_report() == nullptr);
  stray_at = 40;
  CHECK(StrayCall("stray.scratch").run(engine)->status() == StatusCode::internal);
  CHECK(StrayCall(100, 5).run(engine)->status() == StatusCode::ok);
  CHECK(engine.debug_report()->count() == 1);
}

namespace {
Attachment next_attachment = Attachment::none;
int begun = 0;
constexpr AttachWatch kWatch{[]() noexcept { ++begun; }, []() noexcept { return next_attachment; }};
}  // namespace

TEST_CASE("a kernel that enters Python is told with its thread, and its result stands") {
  EngineOptions made = debug_options();
  made.attach_watch = &kWatch;
  Engine engine(made);
  for (const Attachment how : {Attachment::none, Attachment::entered, Attachment::stayed}) {
    next_attachment = how;
    CHECK(StrayCall(100, 0).run(engine)->status() == StatusCode::ok);
  }
  CHECK(begun == 3);
  const auto findings = engine.debug_report()->findings();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].kind == FindingKind::attached);
  CHECK(findings[0].thread == "cw-native-0");
  CHECK(contains(findings[0].message, "'stray.output' entered Python on thread cw-native-0"));
  CHECK(contains(findings[1].message, "came back attached"));
}

TEST_CASE("a cancelled kernel's damage is told, though its ticket has ended") {
  ManualClock clock;
  EngineOptions made = manual(&clock);
  made.registry = &stray_registry();
  made.debug = true;
  Engine engine(made);
  TaskRef ticket;
  REQUIRE(engine
              .spawn(
                  [&ticket](TaskContext& context) {
                    static_cast<char*>(context.scratch(8))[8] = 1;
                    ticket->cancel();
                    return StatusCode::ok;
                  },
                  {}, &ticket)
              .ok());
  CHECK(engine.run_one());
  CHECK(ticket->status() == StatusCode::cancelled);
  CHECK(engine.debug_report()->count() == 1);
}
