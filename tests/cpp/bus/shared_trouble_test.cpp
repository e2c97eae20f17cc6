// SPDX-License-Identifier: Apache-2.0
// A full file system, a stopped process, a fork.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bus/shared_step.hpp"
#include "cogway/bus/shared_bus.hpp"
#include "cogway/bus/writable_export.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST_CASE("shared bus: a full file system is a refusal, not a fault") {
  const std::string folder = "/tmp/" + unique_name("full");
  REQUIRE(::mkdir(folder.c_str(), 0700) == 0);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=2m") != 0) {
    MESSAGE("not checked: this process may not mount a tmpfs");
    ::rmdir(folder.c_str());
    return;
  }
  ::setenv("COGWAY_BUS_DIR", folder.c_str(), 1);
  {
    std::shared_ptr<SharedBus> bus;
    const std::string name = unique_name("full");
    REQUIRE(SharedBus::create(name, 64 * kMiB, &bus).ok());
    std::vector<BufferRef> held;
    Status status;
    for (;;) {
      BufferRef buffer;
      status = bus->lease(Layout::bytes(100'000), &buffer);
      if (!status.ok()) break;
      std::memset(buffer.mutable_data(), 1, 100'000);
      held.push_back(std::move(buffer));
    }
    CHECK(held.size() > 10);
    CHECK(status.code() == StatusCode::resource_exhausted);
    CHECK(status.message().find("file system") != std::string::npos);
    held.pop_back();
    BufferRef again;
    CHECK(bus->lease(Layout::bytes(100'000), &again).ok());  // a warm block needs no new page
    // What is left cannot hold the tables of another bus, or is given to it and no more.
    std::vector<std::shared_ptr<SharedBus>> more;
    for (int i = 0; i < 20 && status.code() == StatusCode::resource_exhausted; ++i) {
      std::shared_ptr<SharedBus> next;
      const Status made = SharedBus::create(unique_name("full"), kMiB, &next);
      if (!made.ok()) {
        CHECK(made.code() == StatusCode::resource_exhausted);
        break;
      }
      BufferRef buffer;
      (void)next->lease(Layout::bytes(1000), &buffer);
      more.push_back(std::move(next));
    }
  }
  ::unsetenv("COGWAY_BUS_DIR");
  CHECK(::umount(folder.c_str()) == 0);
  ::rmdir(folder.c_str());
}

TEST_CASE("shared bus: a folder that is not memory is refused") {
  ::setenv("COGWAY_BUS_DIR", "/proc", 1);
  std::shared_ptr<SharedBus> bus;
  CHECK(SharedBus::create(unique_name("disk"), kMiB, &bus).code() ==
        StatusCode::failed_precondition);
  ::unsetenv("COGWAY_BUS_DIR");
}

TEST_CASE("shared bus: a process that is stopped anywhere costs others no warm lease") {
  const std::string name = unique_name("stopped");
  std::shared_ptr<SharedBus> bus;
  REQUIRE(SharedBus::create(name, 4 * kMiB, &bus).ok());
  {
    BufferRef warm;
    REQUIRE(bus->lease(Layout::bytes(1000), &warm).ok());
  }
  Peer peer([&](const Line& line) {
    static const Line* told = &line;
    std::shared_ptr<SharedBus> mine;
    if (!SharedBus::open(name, &mine).ok()) return 1;
    detail::shared_step_hook.store([](const char* label) noexcept {
      if (std::strcmp(label, "page.allocated") != 0) return;
      told->send('s');
      ::raise(SIGSTOP);  // with the paging mutex
    });
    BufferRef buffer;
    return mine->lease(Layout::bytes(500'000), &buffer).ok() ? 0 : 2;
  });
  char stopped = 0;
  REQUIRE(peer.line().receive(&stopped));
  BufferRef out;
  CHECK(bus->lease(Layout::bytes(1000), &out).ok());
  BufferRef large;
  CHECK(bus->lease(Layout::bytes(100'000), &large).code() == StatusCode::unavailable);
  CHECK(bus->lease_within(Layout::bytes(100'000), deadline_after(monotonic_now(), Nanoseconds(1)),
                          &large)
            .code() == StatusCode::deadline_exceeded);
  SUBCASE("continued") {
    ::kill(peer.pid(), SIGCONT);
    CHECK(peer.wait() == 0);
  }
  SUBCASE("killed") { CHECK(peer.kill() == 128 + SIGKILL); }
  CHECK(bus->lease(Layout::bytes(100'000), &large).ok());
  bus->reclaim();
  CHECK(bus->statistics().live_buffers == 2);
  CHECK(bus->statistics().resident_bytes < kMiB);
}

TEST_CASE("shared bus: a forked child is no participant") {
  const std::string name = unique_name("fork");
  std::shared_ptr<SharedBus> bus;
  REQUIRE(SharedBus::create(name, 4 * kMiB, &bus).ok());
  BufferRef leased;
  BufferRef frozen;
  BufferId id;
  REQUIRE(bus->lease(Layout::bytes(100), &leased).ok());
  REQUIRE(bus->lease(Layout::bytes(100), &frozen).ok());
  std::memset(frozen.mutable_data(), 8, 100);
  REQUIRE(bus->share(frozen, &id).ok());
  SUBCASE("its handles are inert, its own bus is not") {
    Peer child([&](const Line&) {
      BufferRef out;
      if (bus->belongs_here() || leased.belongs_here() || WritableExport::try_take(leased))
        return 1;
      if (bus->lease(Layout::bytes(1), &out).code() != StatusCode::failed_precondition) return 2;
      if (bus->attach(id, &out).code() != StatusCode::failed_precondition) return 3;
      if (leased.freeze().ok() || frozen.data()[99] != std::byte{8}) return 4;
      leased.reset();
      frozen.reset();
      bus.reset();
      std::shared_ptr<SharedBus> own;
      if (!SharedBus::open(name, &own).ok() || !own->attach(id, &out).ok()) return 5;
      return out.data()[0] == std::byte{8} ? 0 : 6;
    });
    CHECK(child.wait() == 0);
    bus->reclaim();
    CHECK(bus->statistics().live_buffers == 2);
    CHECK(leased.freeze().ok());
  }
  SUBCASE("it does not keep its dead parent alive") {
    int orphan[2];
    REQUIRE(::pipe2(orphan, O_CLOEXEC) == 0);
    Peer parent([&](const Line& line) {
      std::shared_ptr<SharedBus> mine;
      BufferRef held;
      if (!SharedBus::open(name, &mine).ok() || !mine->lease(Layout::bytes(100), &held).ok()) {
        return 1;
      }
      char end = 0;
      if (::fork() == 0) {
        line.send('f');
        (void)!::read(orphan[0], &end, 1);
        return 0;
      }
      (void)line.receive(&end);
      return 0;
    });
    char forked = 0;
    REQUIRE(parent.line().receive(&forked));
    CHECK(bus->statistics().live_buffers == 3);
    parent.kill();
    CHECK(bus->reclaim() == 1);
    CHECK(bus->statistics().live_buffers == 2);
    (void)!::write(orphan[1], "e", 1);
    ::close(orphan[0]);
    ::close(orphan[1]);
  }
}

}  // namespace
}  // namespace cogway
