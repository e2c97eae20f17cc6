// SPDX-License-Identifier: Apache-2.0
// Opening what is no bus, another one's, or damaged: refused with a reason, and nothing else.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "bus/shared_control.hpp"
#include "bus/shared_plan.hpp"
#include "cogway/base/os/process.hpp"
#include "cogway/bus/shared_bus.hpp"
#include "cogway/bus/size_class.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::string path_of(const std::string& name) { return "/dev/shm/cogway." + name + ".bus"; }

std::string data_path_of(const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string file = entry.path().string();
    if (file.starts_with("/dev/shm/cogway." + name + ".") && file.ends_with(".data")) return file;
  }
  return {};
}

struct Fixture {
  Fixture() { REQUIRE(SharedBus::create(name, kMiB, &bus).ok()); }
  // Changes the preamble, with the right checksum unless told otherwise.
  template <typename Change>
  void damage(const Change& change) {
    const int fd = ::open(path_of(name).c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(fd >= 0);
    void* place = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REQUIRE(place != MAP_FAILED);
    change(*static_cast<detail::Preamble*>(place));
    ::munmap(place, 4096);
    ::close(fd);
  }
  Status open() {
    std::shared_ptr<SharedBus> out;
    return SharedBus::open(name, &out);
  }
  std::string name = unique_name("attach");
  std::shared_ptr<SharedBus> bus;
};

bool says(const Status& status, StatusCode code, const char* text) {
  INFO(status.message());
  return status.code() == code && status.message().find(text) != std::string::npos;
}

TEST_CASE_FIXTURE(Fixture, "attach: another version, build, page size or namespace is refused") {
  CHECK(open().ok());
  detail::Preamble good;
  damage([&](detail::Preamble& now) { good = now; });
  damage([](detail::Preamble& now) { now.magic = 1; });
  CHECK(says(open(), StatusCode::invalid_argument, "is not a bus of cogway"));
  damage([&](detail::Preamble& now) { now = good, now.layout = 77; });
  CHECK(says(open(), StatusCode::unimplemented, "layout version 77"));
  damage([&](detail::Preamble& now) { now = good, now.capacity = 1; });
  CHECK(says(open(), StatusCode::data_loss, "checksum"));
  for (const auto& [change, code, text] :
       std::vector<std::tuple<void (*)(detail::Preamble&), StatusCode, const char*>>{
           {[](detail::Preamble& now) { now.page_size = 1; }, StatusCode::unimplemented,
            "pages of 1"},
           {[](detail::Preamble& now) { now.fingerprint = 1; }, StatusCode::unimplemented,
            "other structures"},
           {[](detail::Preamble& now) { now.namespace_inode = 1; }, StatusCode::failed_precondition,
            "PID namespace"},
           {[](detail::Preamble& now) { now.capacity = 3; }, StatusCode::data_loss, "capacity"},
           {[](detail::Preamble& now) { now.capacity = 2 * kMiB; }, StatusCode::data_loss, "size"},
           {[](detail::Preamble& now) { now.data_inode = 1; }, StatusCode::data_loss,
            "another bus's"}}) {
    damage([&, change = change](detail::Preamble& now) {
      now = good;
      change(now);
      now.seal();
    });
    CHECK(says(open(), code, text));
  }
  damage([&](detail::Preamble& now) { now = good; });
  CHECK(open().ok());
}

TEST_CASE_FIXTURE(Fixture, "attach: other rights, links and kinds of file are refused") {
  REQUIRE(::chmod(path_of(name).c_str(), 0660) == 0);
  CHECK(says(open(), StatusCode::failed_precondition, "0600"));
  REQUIRE(::chmod(path_of(name).c_str(), 0600) == 0);
  REQUIRE(::chmod(data_path_of(name).c_str(), 0666) == 0);
  CHECK(says(open(), StatusCode::failed_precondition, "0600"));
  REQUIRE(::chmod(data_path_of(name).c_str(), 0600) == 0);
  const std::string other = unique_name("link");
  std::filesystem::create_symlink(path_of(name), path_of(other));
  std::shared_ptr<SharedBus> out;
  CHECK(SharedBus::open(other, &out).code() == StatusCode::unavailable);
  std::filesystem::remove(path_of(other));
  std::filesystem::create_directory(path_of(other));
  CHECK_FALSE(SharedBus::open(other, &out).ok());
  std::filesystem::remove(path_of(other));
  REQUIRE(::mkfifo(path_of(other).c_str(), 0600) == 0);
  CHECK(says(SharedBus::open(other, &out), StatusCode::invalid_argument, "regular file"));
  std::filesystem::remove(path_of(other));
  if (::geteuid() == 0) {
    REQUIRE(::chown(path_of(name).c_str(), 12345, 12345) == 0);
    CHECK(says(open(), StatusCode::failed_precondition, "belongs to user 12345"));
    REQUIRE(::chown(path_of(name).c_str(), 0, 0) == 0);
    Peer peer([&](const Line&) {
      if (::setuid(12345) != 0) return 9;
      std::shared_ptr<SharedBus> mine;
      return says(SharedBus::open(name, &mine), StatusCode::failed_precondition, "another user") &&
                     SharedBus::create(name, kMiB, &mine).code() == StatusCode::already_exists
                 ? 0
                 : 1;
    });
    CHECK(peer.wait() == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "attach: a truncated file is refused") {
  const auto bytes = std::filesystem::file_size(path_of(name));
  const std::string data = data_path_of(name);
  const auto data_bytes = std::filesystem::file_size(data);
  std::filesystem::resize_file(data, data_bytes - 4096);
  CHECK(says(open(), StatusCode::data_loss, "size"));
  std::filesystem::resize_file(data, data_bytes);
  std::filesystem::resize_file(path_of(name), bytes - 4096);
  CHECK(says(open(), StatusCode::data_loss, "size"));
  std::filesystem::resize_file(path_of(name), bytes);
  CHECK(open().ok());
  const std::string other = unique_name("short");
  for (const std::size_t length : {0, 1, 100, 4096}) {
    const int fd = ::open(path_of(other).c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    REQUIRE(::ftruncate(fd, static_cast<off_t>(length)) == 0);
    ::close(fd);
    std::shared_ptr<SharedBus> out;
    CHECK(says(SharedBus::open(other, &out), StatusCode::data_loss, "too short"));
  }
  std::filesystem::remove(path_of(other));
}

TEST_CASE_FIXTURE(Fixture, "attach: files deleted under the participants do them no harm") {
  std::filesystem::remove(path_of(name));
  CHECK(open().code() == StatusCode::not_found);
  CHECK(bus->linked() == false);
  BufferRef buffer;
  CHECK(bus->lease(Layout::bytes(1000), &buffer).ok());
  std::memset(buffer.mutable_data(), 1, 1000);
  std::shared_ptr<SharedBus> next;
  REQUIRE(SharedBus::create(name, kMiB, &next).ok());
  CHECK(next->id() != bus->id());
  buffer.reset();
  bus.reset();
  CHECK(open().ok());  // the end of the first did not take the second's files along
}

TEST_CASE("attach: names") {
  std::shared_ptr<SharedBus> bus;
  for (const char* name : {"", "a/b", "a.b", "..", "ä", " "}) {
    CHECK(SharedBus::create(name, kMiB, &bus).code() == StatusCode::invalid_argument);
    CHECK(SharedBus::open(name, &bus).code() == StatusCode::invalid_argument);
  }
  CHECK(SharedBus::create(std::string(65, 'a'), kMiB, &bus).code() == StatusCode::invalid_argument);
  CHECK(SharedBus::open(unique_name("none"), &bus).code() == StatusCode::not_found);
  CHECK(SharedBus::create("x", kMiB - 1, &bus).code() == StatusCode::invalid_argument);
  CHECK(SharedBus::create("x", SharedBus::kMaxCapacity + 1, &bus).code() ==
        StatusCode::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "attach: a living bus keeps its name, a dead one gives it up") {
  std::shared_ptr<SharedBus> next;
  CHECK(says(SharedBus::create(name, kMiB, &next), StatusCode::already_exists, "takes part"));
  CHECK(SharedBus::remove_dead(name).code() == StatusCode::already_exists);
  const std::string other = unique_name("dead");
  for (const bool removed : {false, true}) {
    Peer peer([&](const Line& line) {
      std::shared_ptr<SharedBus> mine;
      if (!SharedBus::create(other, kMiB, &mine).ok()) return 1;
      line.send(mine->id());
      char end = 0;
      (void)line.receive(&end);
      return 0;
    });
    SharedBusId id;
    REQUIRE(peer.line().receive(&id));
    CHECK(peer.kill() == 128 + SIGKILL);
    SharedBusStatistics seen;
    REQUIRE(SharedBus::inspect(other, &seen).ok());
    REQUIRE(seen.owners.size() == 1);
    CHECK_FALSE(seen.owners[0].alive);
    if (removed) {
      CHECK(SharedBus::remove_dead(other).ok());
      CHECK(SharedBus::open(other, &next).code() == StatusCode::not_found);
    } else {
      REQUIRE(SharedBus::create(other, kMiB, &next).ok());
      CHECK(next->id() != id);
      next.reset();
    }
  }
}

// All but the mutexes, whose bytes are the C library's: who writes there is outside the promise.
void scribble(const std::string& name, std::mt19937& random) {
  const int fd = ::open(path_of(name).c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  const detail::SharedPlan plan(kMiB);
  void* place = ::mmap(nullptr, plan.control_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(place != MAP_FAILED);
  auto* bytes = static_cast<unsigned char*>(place);
  constexpr std::size_t kMutexes[] = {offsetof(detail::SharedControl, paging),
                                      offsetof(detail::SharedControl, directory)};
  const bool preamble = random() % 4 == 0;
  const std::size_t table = plan.headers_offset + 64 * sizeof(detail::SharedHeader);
  for (auto i = 1 + random() % 400; i-- > 0;) {
    const std::size_t at = preamble ? random() % sizeof(detail::Preamble) : random() % table;
    if (!preamble && at < sizeof(detail::Preamble)) continue;
    const bool mutex = std::any_of(std::begin(kMutexes), std::end(kMutexes), [=](std::size_t it) {
      return at >= it && at < it + sizeof(RobustMutex);
    });
    if (mutex) continue;
    bytes[at] = static_cast<unsigned char>(random());
  }
  if (preamble && random() % 2 == 0) static_cast<detail::Preamble*>(place)->seal();
  ::munmap(place, plan.control_bytes);
  ::close(fd);
}

TEST_CASE("attach: garbage anywhere in the control file brings nobody down") {
  std::mt19937 random(1);
  int entered = 0;
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    const std::string name = unique_name("garbage");
    // The bus is made, scribbled over and left by another process: its own trouble is not ours.
    Peer peer([&](const Line& line) {
      std::shared_ptr<SharedBus> mine;
      BufferRef buffer;
      BufferId id;
      if (!SharedBus::create(name, kMiB, &mine).ok()) return 1;
      if (!mine->lease(Layout::bytes(3000), &buffer).ok()) return 2;
      if (!mine->share(buffer, &id).ok()) return 3;
      line.send(id);
      char end = 0;
      (void)line.receive(&end);
      return 0;
    });
    BufferId id;
    REQUIRE(peer.line().receive(&id));
    scribble(name, random);
    std::shared_ptr<SharedBus> bus;
    const Status status = SharedBus::open(name, &bus);
    ++(status.ok() ? entered : refused);
    if (status.ok()) {
      std::vector<BufferRef> held(8);
      for (BufferRef& ref : held) (void)bus->lease(Layout::bytes(1 + random() % 100'000), &ref);
      BufferRef seen;
      (void)bus->attach(id, &seen);
      const auto below = [&](std::uint32_t end) {
        return static_cast<std::uint32_t>(random() % end);
      };
      (void)bus->attach({below(kSizeClasses), below(64), below(3)}, &seen);
      CHECK(bus->statistics().capacity == kMiB);
      peer.kill();
      bus->reclaim();
      bus->trim();
    }
    bus.reset();
    peer.kill();
    std::filesystem::remove(path_of(name));
    std::filesystem::remove(data_path_of(name));
  }
  CHECK(entered > 20);
  CHECK(refused > 10);
}

TEST_CASE("attach: descriptors that are not sealed, or of something else, are refused") {
  for (const bool memfd : {true, false}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    const int fd =
        memfd ? ::memfd_create("other", MFD_CLOEXEC) : ::open("/dev/null", O_RDWR | O_CLOEXEC);
    alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))]{};
    char byte = 'x';
    iovec content{&byte, 1};
    msghdr header{};
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(2 * sizeof(int));
    const std::array<int, 2> sent{fd, fd};
    std::memcpy(CMSG_DATA(rights), sent.data(), sizeof(sent));
    REQUIRE(::sendmsg(ends[0], &header, 0) == 1);
    std::shared_ptr<SharedBus> bus;
    CHECK(SharedBus::receive(ends[1], &bus).code() == StatusCode::invalid_argument);
    ::close(ends[0]);
    CHECK(says(SharedBus::receive(ends[1], &bus), StatusCode::invalid_argument, "no bus"));
    ::close(ends[1]);
    ::close(fd);
  }
}

}  // namespace
}  // namespace cogway
