// SPDX-License-Identifier: Apache-2.0
// Whoever is behind an accepted function: held by handles and by calls, released once.
#include "cogway/engine/kernel_owner.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "foreign_functions.hpp"

using namespace foreign_test;

namespace {

/// Counts how often it was released.
struct Owner {
  int released = 0;
  static void release(void* object) noexcept { ++static_cast<Owner*>(object)->released; }
};

Status accept(KernelRegistry& registry, const ForeignDeclaration& declaration, Owner& owner,
              KernelHold* hold) {
  return registry.accept(declaration, &owner, &Owner::release, hold);
}

ForeignDeclaration named(const char* name, bool anonymous = false) {
  ForeignDeclaration declaration = declare(nothing, "void()");
  declaration.name = name;
  declaration.anonymous = anonymous;
  return declaration;
}

EngineOptions with(KernelRegistry& registry, ManualClock* clock) {
  EngineOptions made = manual(clock);
  made.registry = &registry;
  return made;
}

}  // namespace

TEST_CASE("the owner goes with the last of handles and calls") {
  KernelRegistry registry;
  ManualClock clock;
  Engine engine(with(registry, &clock));
  Owner owner;
  KernelHold hold;
  REQUIRE(accept(registry, named("test.owned"), owner, &hold).ok());
  KernelCall call;
  call.kernel = hold.get();
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call, &ticket).ok());
  KernelHold copy = hold;
  hold.reset();
  copy.reset();
  CHECK(owner.released == 0);  // the call in the queue
  engine.run_all();
  CHECK(ticket->status() == StatusCode::ok);
  CHECK(owner.released == 1);
  const Admission late = engine.c_spawn(call, &ticket);
  CHECK(late.cause() == Cause::invalid);
  CHECK(late.status().message().find("has been released") != std::string::npos);
  CHECK_FALSE(KernelHold(call.kernel));
}

TEST_CASE("cancelled, refused and given up calls let go") {
  KernelRegistry registry;
  Owner owner;
  KernelHold hold;
  REQUIRE(accept(registry, named("test.owned"), owner, &hold).ok());
  {
    ManualClock clock;
    Engine engine(with(registry, &clock));
    KernelCall call;
    call.kernel = hold.get();
    TaskRef cancelled;
    REQUIRE(engine.c_spawn(call, &cancelled).ok());
    CHECK(cancelled->cancel());
    TaskRef left;
    REQUIRE(engine.c_spawn(call, &left).ok());
    Input input(BufferView::whole(lease(engine, 8)));
    call.inputs = {&input, 1};
    TaskRef refused;
    CHECK_FALSE(engine.c_spawn(call, &refused).ok());
    CHECK(hold.get()->owner()->holds() == 3);
    engine.stop();
  }
  CHECK(hold.get()->owner()->holds() == 1);
  hold.reset();
  CHECK(owner.released == 1);
}

TEST_CASE("a row of calls") {
  KernelRegistry registry;
  ManualClock clock;
  Engine engine(with(registry, &clock));
  Owner owner;
  KernelHold hold;
  REQUIRE(accept(registry, named("test.owned"), owner, &hold).ok());
  std::vector<KernelCall> calls(100);
  for (KernelCall& call : calls) call.kernel = hold.get();
  TaskGroup group(true);
  REQUIRE(engine.c_spawn_batch(calls, group).ok());
  group.seal();
  CHECK(hold.get()->owner()->holds() == 101);
  hold.reset();
  engine.run_all();
  CHECK(owner.released == 1);
}

TEST_CASE("the same function is the same kernel, and is revived") {
  KernelRegistry registry;
  Owner first, second, third;
  KernelHold hold, again;
  REQUIRE(accept(registry, named("test.owned"), first, &hold).ok());
  REQUIRE(accept(registry, named("test.owned"), second, &again).ok());
  CHECK(hold.get() == again.get());
  CHECK(second.released == 1);  // the first one does
  hold.reset();
  again.reset();
  CHECK(first.released == 1);
  REQUIRE(accept(registry, named("test.owned"), third, &again).ok());
  CHECK(third.released == 0);
  again.reset();
  CHECK(third.released == 1);
}

TEST_CASE("names: taken, replaced, hidden") {
  KernelRegistry registry;
  Owner first, second, hidden;
  KernelHold hold, other, secret;
  REQUIRE(accept(registry, named("test.owned"), first, &hold).ok());
  ForeignDeclaration declaration = declare(power, "double(double, int64)");
  declaration.name = "test.owned";
  const Status taken = accept(registry, declaration, second, &other);
  CHECK(taken.code() == StatusCode::already_exists);
  CHECK(second.released == 1);
  const std::uint64_t before = registry.generation();
  declaration.replace = true;
  REQUIRE(accept(registry, declaration, second, &other).ok());
  CHECK(registry.generation() != before);
  CHECK(registry.find("test.owned") == other.get());
  CHECK(first.released == 0);
  REQUIRE(accept(registry, named("test.secret", true), hidden, &secret).ok());
  CHECK(registry.find("test.secret") == nullptr);
  const std::vector<Kernel*> listed = registry.kernels();
  CHECK(std::ranges::count(listed, secret.get()) == 0);
  CHECK(std::ranges::count(listed, hold.get()) == 0);
  CHECK(std::ranges::count(listed, other.get()) == 1);
  CHECK(std::ranges::count(registry.all_kernels(), secret.get()) == 1);
  // What never was a kernel name is refused, and its owner let go of.
  Owner bad;
  KernelHold none;
  CHECK_FALSE(accept(registry, named("nodots"), bad, &none).ok());
  CHECK(bad.released == 1);
}

TEST_CASE("a table outside any pack") {
  KernelRegistry registry;
  Owner owner;
  KernelHold hold;
  const cogway_kernel table = make("test.table", &code_run);
  REQUIRE(registry.accept_table(table, "table", false, &owner, &Owner::release, &hold).ok());
  CHECK(registry.find("test.table") == hold.get());
  CHECK(hold.get()->foreign() == nullptr);
  hold.reset();
  CHECK(owner.released == 1);
}
