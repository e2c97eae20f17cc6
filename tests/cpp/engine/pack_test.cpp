// SPDX-License-Identifier: Apache-2.0
// Kernels and where they come from: registry, packs, parameters, the built-ins.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {

std::string pack(const char* name) {
  return std::string(COGWAY_TEST_PACKS) + "/" + name + "_pack.so";
}

Status load(KernelRegistry& registry, const char* name, PackInfo* info = nullptr) {
  return registry.load(pack(name), info);
}

/// Calls a kernel without parameters and waits for it.
TaskRef call(Engine& engine, Kernel* kernel, Input* input = nullptr) {
  KernelCall call;
  call.kernel = kernel;
  if (input != nullptr) call.inputs = {input, 1};
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  return ticket;
}

bool says(const Status& status, const char* text) {
  INFO(status.message());
  return status.message().find(text) != std::string::npos;
}

struct Folder {
  Folder() {
    char name[] = "/tmp/cogway-pack-test-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TaskRef read_file(Engine& engine, const std::string& path, std::int64_t limit = 1 << 20) {
  TaskRef ticket;
  REQUIRE(submit(engine, Call("file.read", {{"path", std::string_view(path)}, {"limit", limit}}),
                 &ticket)
              .ok());
  REQUIRE(ticket->wait_until());
  return ticket;
}

}  // namespace

TEST_CASE("a pack is loaded once, whatever path names it") {
  KernelRegistry registry;
  PackInfo info;
  REQUIRE(registry.load(pack("good"), &info).ok());
  CHECK(info.name == "good");
  CHECK(info.version == "1.2.3");
  REQUIRE(info.kernels.size() == 1);
  CHECK(info.kernels[0]->name() == "good.reverse");
  CHECK(registry.find("good.reverse") == info.kernels[0]);
  PackInfo again;
  CHECK(registry.load(std::string(COGWAY_TEST_PACKS) + "/./good_pack.so", &again).ok());
  CHECK(again.kernels[0] == info.kernels[0]);
  CHECK(registry.packs().size() == 2);  // core and good

  EngineOptions set = options(1);
  set.registry = &registry;
  Engine engine(set);
  BufferRef source = lease(engine, 3);
  for (int i = 0; i < 3; ++i) source.mutable_data()[i] = static_cast<std::byte>(i);
  Input input(source);
  KernelCall call;
  call.kernel = info.kernels[0];
  call.inputs = {&input, 1};
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(std::to_integer<int>(ticket->output(0).data()[0]) == 2);
}

TEST_CASE("what is no pack is refused, with the reason and the remedy") {
  KernelRegistry registry;
  const Status missing = registry.load("/nowhere/at/all.so");
  CHECK(missing.code() == StatusCode::not_found);
  CHECK(says(missing, "/nowhere/at/all.so"));
  const Status text = registry.load(COGWAY_TESTS_FOLDER "/doctest_main.cpp");
  CHECK(text.code() == StatusCode::not_found);
  CHECK(says(text, "cannot be opened"));
  const Status entry = load(registry, "no_entry");
  CHECK(entry.code() == StatusCode::failed_precondition);
  CHECK(says(entry, "cogway_pack_v1"));
  const Status abi = load(registry, "wrong_abi");
  CHECK(abi.code() == StatusCode::failed_precondition);
  CHECK(says(abi, "rebuild"));
  CHECK(says(load(registry, "refusing"), "refuses"));
  CHECK(registry.packs().size() == 1);
}

TEST_CASE("a pack built against the shorter host table runs as it did") {
  KernelRegistry registry;
  PackInfo info;
  REQUIRE(load(registry, "first_table", &info).ok());
  EngineOptions set = options(2);
  set.registry = &registry;
  Engine engine(set);
  const TaskRef ticket = call(engine, info.kernels[0]);
  INFO(ticket->message());
  CHECK(ticket->status() == StatusCode::ok);
}

TEST_CASE("what the host table gained works from C") {
  KernelRegistry registry;
  REQUIRE(load(registry, "later_entries").ok());
  EngineOptions set = options(2);
  set.registry = &registry;
  Engine engine(set);
  constexpr std::int32_t kItems = 10'000;
  BufferRef source = lease(engine, sizeof(std::int32_t) * kItems);
  auto* items = reinterpret_cast<std::int32_t*>(source.mutable_data());
  for (std::int32_t i = 0; i < kItems; ++i) items[i] = i;
  Layout layout;
  const std::int64_t shape[] = {kItems};
  REQUIRE(Layout::contiguous(kInt32, shape, &layout).ok());
  Input input(BufferView{source, 0, layout});
  const TaskRef sum = call(engine, registry.find("later.sum"), &input);
  REQUIRE(sum->status() == StatusCode::ok);
  std::int64_t total = 0;
  std::memcpy(&total, sum->output(0).data(), sizeof(total));
  CHECK(total == std::int64_t{kItems} * (kItems - 1) / 2);

  const TaskRef unheard = call(engine, registry.find("later.count"));
  CHECK(unheard->status() == StatusCode::not_found);
  const auto numbers = engine.open_port("count");
  const auto budgets = engine.open_port("budget");
  CHECK(call(engine, registry.find("later.count"))->status() == StatusCode::ok);
  Post post;
  for (std::int64_t i = 0; i < 3; ++i) {
    REQUIRE(numbers->take(&post));
    std::int64_t number = -1;
    std::memcpy(&number, post.buffers[0].data(), sizeof(number));
    CHECK(number == i);
  }
  CHECK_FALSE(numbers->take(&post));
  CHECK(budgets->take(&post));
}

TEST_CASE("a pack that claims a name in use is refused as a whole") {
  KernelRegistry registry;
  const Status status = load(registry, "duplicate");
  CHECK(status.code() == StatusCode::already_exists);
  CHECK(says(status, "core.noop"));
  CHECK(registry.find("duplicate.own") == nullptr);
}

TEST_CASE("declarations are checked") {
  const auto refuse = [](cogway_kernel kernel) { return Kernel::check(kernel, "p"); };
  CHECK(refuse(make("good.name", &code_run)).ok());
  for (const char* name : {"Bad.name", "nodot", ".a", "a.", "a..b", "a b.c", ""}) {
    CAPTURE(name);
    CHECK_FALSE(refuse(make(name, &code_run)).ok());
  }
  CHECK(says(refuse(make("a.b", nullptr)), "run"));
  cogway_kernel kernel = make("a.b", &code_run);
  kernel.size = 8;
  CHECK(says(refuse(kernel), "sizeof(cogway_kernel)"));
  kernel = make("a.b", &code_run);
  kernel.n_outputs = 1;
  CHECK(says(refuse(kernel), "describe"));
  kernel = make("a.b", &code_run);
  kernel.max_inputs = 99;
  CHECK_FALSE(refuse(kernel).ok());
  cogway_param_spec twice[] = {int_param("x", 0, 1), int_param("x", 0, 1)};
  kernel = make("a.b", &code_run);
  kernel.params = twice;
  kernel.n_params = 2;
  CHECK(says(refuse(kernel), "twice"));
}

TEST_CASE("an unknown name is explained") {
  KernelRegistry registry;
  CHECK(registry.find("core.nop") == nullptr);
  CHECK(registry.explain_unknown("core.nop").find("did you mean 'core.noop'") != std::string::npos);
  CHECK(registry.explain_unknown("image.decode").find("packs loaded: core") != std::string::npos);
}

TEST_CASE("parameters: conversions, defaults, refusals") {
  static const char* const choices[] = {"nearest", "bilinear", nullptr};
  cogway_param_spec specs[5] = {int_param("n", COGWAY_PARAM_REQUIRED, 0), int_param("f", 0, 0),
                                int_param("s", 0, 0), int_param("l", 0, 0), int_param("c", 0, 0)};
  specs[0].min_value = 1;
  specs[0].max_value = 10;
  specs[1].type = COGWAY_PARAM_FLOAT;
  specs[1].default_value = {COGWAY_PARAM_FLOAT, 0, {}};
  specs[1].default_value.as.f = 0.5;
  specs[2].type = COGWAY_PARAM_STRING;
  specs[2].default_value = {};
  specs[2].max_count = 1000;
  specs[3].type = COGWAY_PARAM_FLOATS;
  specs[3].default_value = {};
  specs[3].min_count = specs[3].max_count = 3;
  specs[4].type = COGWAY_PARAM_CHOICE;
  specs[4].choices = choices;
  specs[4].default_value = {COGWAY_PARAM_CHOICE, 0, {}};
  cogway_kernel declaration = make("a.b", &code_run);
  declaration.params = specs;
  declaration.n_params = 5;
  REQUIRE(Kernel::check(declaration, "p").ok());
  const Kernel kernel(declaration, "p", 0);

  ParamValues values;
  const std::int64_t ints[] = {1, 2, 3};
  const std::string text(400, 'x');
  REQUIRE(
      values
          .normalize(kernel, std::vector<ParamArgument>{{"n", 4.0},
                                                        {"f", std::int64_t{2}},
                                                        {"s", std::string_view(text)},
                                                        {"l", std::span<const std::int64_t>(ints)},
                                                        {"c", std::string_view("bilinear")}})
          .ok());
  const ParamValues copy = values;
  values = ParamValues{};
  const auto v = copy.values();
  CHECK(v[0].as.i == 4);
  CHECK(v[1].as.f == 2.0);
  CHECK(std::string_view(v[2].as.s) == text);
  CHECK(v[3].as.floats[2] == 3.0);
  CHECK(v[4].as.i == 1);

  ParamValues one;
  REQUIRE(one.normalize(kernel, std::vector<ParamArgument>{{"n", std::int64_t{1}}}).ok());
  CHECK(one.values()[1].as.f == 0.5);
  CHECK(one.values()[2].type == 0);
  CHECK(one.set(kernel, {"s", std::string_view("short")}).ok());
  ParamValues other = one;
  CHECK(other.set(kernel, {"s", std::string_view("later")}).ok());
  CHECK(std::string_view(one.values()[2].as.s) == "short");
  for (int i = 0; i < 1000; ++i) CHECK(one.set(kernel, {"s", std::string_view("again")}).ok());
  CHECK(std::string_view(one.values()[2].as.s) == "again");

  const auto refused = [&](ParamArgument argument) {
    ParamValues out;
    const Status status =
        out.normalize(kernel, std::vector<ParamArgument>{{"n", std::int64_t{1}}, argument});
    CHECK_FALSE(status.ok());
    return status;
  };
  CHECK(says(refused({"q", true}), "it takes: n, f, s, l, c"));
  CHECK(says(refused({"n", std::int64_t{2}}), "twice"));
  CHECK(says(refused({"f", std::string_view("x")}), "must be a float, not 'x'"));
  CHECK(says(refused({"l", 1.0}), "of length 3"));
  CHECK(says(refused({"c", std::string_view("cubic")}), "'nearest', 'bilinear'"));
  CHECK(says(refused({"s", std::string_view("a\0b", 3)}), "NUL"));
  ParamValues none;
  CHECK(says(none.normalize(kernel, {}), "needs parameter 'n'"));
  CHECK(says(none.normalize(kernel, std::vector<ParamArgument>{{"n", std::int64_t{11}}}),
             "from 1 to 10"));
}

TEST_CASE("file.read reads regular files and says why it does not") {
  const Folder folder;
  const std::string path = folder.path + "/data.bin";
  std::ofstream(path) << "twelve bytes";
  Engine engine(options(1));
  const TaskRef good = read_file(engine, path);
  REQUIRE(good->status() == StatusCode::ok);
  CHECK(std::string(reinterpret_cast<const char*>(good->output(0).data()), 12) == "twelve bytes");

  const TaskRef missing = read_file(engine, folder.path + "/missing");
  CHECK(missing->status() == StatusCode::not_found);
  CHECK(missing->message().find("/missing") != std::string_view::npos);
  CHECK(read_file(engine, folder.path)->message().find("is a directory") != std::string_view::npos);
  CHECK(read_file(engine, "/dev/null")->message().find("not a regular file") !=
        std::string_view::npos);
  const TaskRef large = read_file(engine, path, 5);
  CHECK(large->status() == StatusCode::resource_exhausted);
  CHECK(large->message().find("limit=5") != std::string_view::npos);
  std::ofstream(folder.path + "/empty").flush();
  const TaskRef empty = read_file(engine, folder.path + "/empty");
  CHECK(empty->status() == StatusCode::ok);
  CHECK(empty->output(0).nbytes() == 0);
}

TEST_CASE("core.copy makes any strides contiguous; core.spin stops when told") {
  Engine engine(options(1));
  BufferRef source = lease(engine, 6);
  for (int i = 0; i < 6; ++i) source.mutable_data()[i] = static_cast<std::byte>(i);
  Layout layout;
  const std::int64_t shape[] = {3, 2};
  const std::int64_t strides[] = {1, 3};
  std::int64_t lowest = 0;
  std::int64_t end = 0;
  REQUIRE(Layout::strided(kUint8, shape, strides, &layout, &lowest, &end).ok());
  Call copy("core.copy");
  copy.add(Input(BufferView{source, 0, layout}));
  TaskRef ticket;
  REQUIRE(engine.c_spawn(copy.call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  REQUIRE(ticket->status() == StatusCode::ok);
  const int expected[] = {0, 3, 1, 4, 2, 5};
  for (int i = 0; i < 6; ++i) {
    CHECK(std::to_integer<int>(ticket->output(0).data()[i]) == expected[i]);
  }
  TaskRef spinning;
  REQUIRE(submit(engine, Call("core.spin", {{"ns", std::int64_t{1} << 50}}), &spinning).ok());
  while (!spinning->running()) os::yield_thread();
  CHECK(spinning->cancel());
  CHECK(engine.drain());
}
