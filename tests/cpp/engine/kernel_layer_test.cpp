// SPDX-License-Identifier: Apache-2.0
// The C++ layer for kernel authors, from a pack that was built with it.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cogway/kernel.hpp>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {

KernelRegistry& layer() {
  static KernelRegistry* const made = [] {
    auto* registry = new KernelRegistry();
    for (const char* name : {"layer", "other_layer"}) {
      const Status status =
          registry->load(std::string(COGWAY_TEST_PACKS) + "/" + name + "_pack.so");
      REQUIRE_MESSAGE(status.ok(), status.message());
    }
    return registry;
  }();
  return *made;
}

EngineOptions layer_options(int workers = 2) {
  EngineOptions set = options(workers);
  set.registry = &layer();
  return set;
}

template <typename T>
BufferView filled(Engine& engine, std::vector<std::int64_t> shape, DType dtype) {
  Layout layout;
  REQUIRE(Layout::contiguous(dtype, shape, &layout).ok());
  BufferRef buffer = engine.bus().try_lease(layout);
  auto* items = reinterpret_cast<T*>(buffer.mutable_data());
  for (std::uint64_t i = 0; i < layout.size(); ++i) items[i] = static_cast<T>(i);
  return BufferView::whole(buffer);
}

/// Calls a kernel and waits; empty where the call itself was refused, with the reason in *refusal.
TaskRef call(Engine& engine, const char* name, std::vector<Input> inputs,
             std::vector<ParamArgument> arguments = {}, std::string* refusal = nullptr) {
  KernelCall made;
  made.kernel = layer().find(name);
  REQUIRE(made.kernel != nullptr);
  made.inputs = inputs;
  ParamValues values;
  const Status status = values.normalize(*made.kernel, arguments);
  REQUIRE_MESSAGE(status.ok(), status.message());
  made.params = &values;
  TaskRef ticket;
  const Admission admission = engine.c_spawn(made, &ticket);
  if (!admission.ok()) {
    REQUIRE(refusal != nullptr);
    *refusal = admission.status().message();
    return {};
  }
  REQUIRE(ticket->wait_until());
  return ticket;
}

std::vector<Input> inputs(BufferView view) {
  std::vector<Input> made;
  made.emplace_back(std::move(view));
  return made;
}

template <typename T>
std::vector<T> items(const TaskRef& ticket, std::uint32_t output) {
  const BufferRef buffer = ticket->output(output);
  std::vector<T> found(buffer.nbytes() / sizeof(T));
  std::memcpy(found.data(), buffer.data(), buffer.nbytes());
  return found;
}

}  // namespace

TEST_CASE("arguments become what the function takes") {
  Engine engine(layer_options());
  const Kernel& scale = *layer().find("layer.scale");
  CHECK(scale.doc() == "Multiply every item.");
  CHECK(scale.signature() == "f32[n] -> f32[n]");
  CHECK(scale.params()[0].max_value == 100);
  const TaskRef scaled =
      call(engine, "layer.scale", inputs(filled<float>(engine, {1000}, kFloat32)));
  REQUIRE(scaled->status() == StatusCode::ok);
  CHECK(items<float>(scaled, 0)[999] == 1998.0F);

  const TaskRef sum = call(engine, "layer.sum", inputs(filled<int>(engine, {30, 20}, kInt32)));
  REQUIRE(sum->status() == StatusCode::ok);
  CHECK(items<std::int64_t>(sum, 0) == std::vector<std::int64_t>{600 * 599 / 2});

  const std::int64_t ints[] = {1, 2};
  const double floats[] = {0.5};
  const TaskRef made = call(engine, "layer.make", {},
                            {{"ints", std::span<const std::int64_t>(ints)},
                             {"floats", std::span<const double>(floats)},
                             {"mode", std::string_view("fast")}});
  REQUIRE(made->status() == StatusCode::ok);
  CHECK(items<std::uint8_t>(made, 0) == std::vector<std::uint8_t>{'a', 'b', 'c', 1, 2});
  CHECK(items<double>(made, 1) == std::vector<double>{0.5, 101, 0.5, 101});

  const TaskRef half = call(engine, "layer.half", inputs(filled<char>(engine, {9}, kUint8)));
  REQUIRE(half->status() == StatusCode::ok);
  CHECK(half->output(0).layout().describe() == "uint8[4]");
  CHECK(call(engine, "layer.any", inputs(filled<char>(engine, {9}, kUint8)))->status() ==
        StatusCode::ok);
  CHECK(call(engine, "other_layer.nothing", {})->status() == StatusCode::ok);
}

TEST_CASE("a view of another type is refused where the call is made") {
  Engine engine(layer_options());
  std::string why;
  CHECK_FALSE(call(engine, "layer.scale", inputs(filled<double>(engine, {4}, kFloat64)), {}, &why));
  CHECK(why == "input 0 must be float32 of 1 dimension, not float64 of 1 dimension");
  CHECK_FALSE(call(engine, "layer.sum", inputs(filled<int>(engine, {4}, kInt32)), {}, &why));
  CHECK(why == "input 0 must be int32 of 2 dimensions, not int32 of 1 dimension");
  const std::int64_t ints[] = {1};
  const double floats[] = {1};
  CHECK_FALSE(call(engine, "layer.make", {},
                   {{"ints", std::span<const std::int64_t>(ints)},
                    {"floats", std::span<const double>(floats)},
                    {"small", std::int64_t{256}}},
                   &why));
  CHECK(why.find("256, too large") != std::string::npos);
}

TEST_CASE("strides are followed; who needs dense memory says so") {
  Engine engine(layer_options());
  BufferView every_other;
  const BufferView source = filled<char>(engine, {10}, kUint8);
  REQUIRE(source.slice(0, 9, 5, -2, &every_other).ok());
  const TaskRef half = call(engine, "layer.half", inputs(every_other));
  REQUIRE(half->status() == StatusCode::ok);
  CHECK(items<std::uint8_t>(half, 0) == std::vector<std::uint8_t>{9, 7});
  const TaskRef whole = call(engine, "layer.whole", inputs(every_other));
  CHECK(whole->status() == StatusCode::invalid_argument);
  CHECK(whole->message() == "takes C-contiguous memory only");
}

TEST_CASE("whatever is thrown becomes a status with a message") {
  Engine engine(layer_options());
  struct Expected {
    const char* how;
    StatusCode code;
    const char* message;
  };
  const Expected all[] = {
      {"nothing", StatusCode::ok, ""},
      {"error", StatusCode::data_loss, "corrupt"},
      {"argument", StatusCode::invalid_argument, "bad argument"},
      {"range", StatusCode::invalid_argument, "out of range"},
      {"memory", StatusCode::resource_exhausted, "no memory"},
      {"logic", StatusCode::internal, "wrong"},
      {"odd", StatusCode::internal, "an exception of unknown type"},
      {"body", StatusCode::not_found, "500 is missing"},
      {"combine", StatusCode::internal, "cannot add"},
  };
  for (const Expected& one : all) {
    CAPTURE(one.how);
    const TaskRef ticket = call(engine, "layer.fail", {}, {{"how", std::string_view(one.how)}});
    CHECK(ticket->status() == one.code);
    CHECK(ticket->message() == one.message);
  }
  const TaskRef returned =
      call(engine, "layer.any", inputs(filled<char>(engine, {1, 1, 1}, kUint8)));
  CHECK(returned->status() == StatusCode::unimplemented);
  CHECK(returned->message() == "not in three dimensions");
}

TEST_CASE("scratch, log and post") {
  Engine engine(layer_options(1));
  CHECK(call(engine, "layer.tell", {})->message() == "lost");
  const auto port = engine.open_port("layer");
  CHECK(call(engine, "layer.tell", {}, {{"number", std::int64_t{7}}})->status() == StatusCode::ok);
  Post post;
  REQUIRE(port->take(&post));
  CHECK(post.buffers[0].layout().describe() == "int64[]");
  CHECK(static_cast<int>(*post.buffers[0].data()) == 7);
}

TEST_CASE("a declaration that does not fit its function refuses the pack") {
  KernelRegistry registry;
  const Status status = registry.load(COGWAY_TEST_PACKS "/faulty_layer_pack.so");
  CHECK(status.code() == StatusCode::failed_precondition);
  CHECK(status.message().find("refuses") != std::string::npos);
}

TEST_CASE("a pack exports its entry alone, and needs nothing of the core") {
  for (const char* name : {"layer", "other_layer"}) {
    void* handle = dlopen((std::string(COGWAY_TEST_PACKS) + "/" + name + "_pack.so").c_str(),
                          RTLD_NOW | RTLD_LOCAL);
    REQUIRE(handle != nullptr);
    CHECK(dlsym(handle, "cogway_pack_v1") != nullptr);
    CHECK(dlsym(handle, "_ZN6cogway6kernel6detail4hostE") == nullptr);
    dlclose(handle);
  }
}

TEST_CASE("on an engine with the first host table, what came later has a stand-in") {
  static cogway_host first = *host_table();
  first.size = offsetof(cogway_host, parallel_reduce);
  first.parallel_reduce = nullptr;
  first.thread_budget = nullptr;
  first.post = nullptr;
  const cogway_host* before = std::exchange(cogway::kernel::detail::host, &first);
  const cogway::kernel::Context context(nullptr);
  const auto add = [](std::int64_t begin, std::int64_t end, int& partial) {
    partial += static_cast<int>(end - begin);
  };
  const auto combine = [](int& into, int partial) { into += partial; };
  CHECK(context.parallel_reduce(10, 1, 5, add, combine) == 20);
  CHECK(context.parallel_reduce(0, 1, 5, add, combine) == 5);
  CHECK(context.thread_budget() == 1);
  CHECK(context.post("n", 1) == cogway::kernel::Code::unimplemented);
  cogway::kernel::detail::host = before;
}
