// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/memory_file.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "cogway/base/os/descriptor_passing.hpp"
#include "cogway/base/os/shared_memory.hpp"

using namespace cogway::os;

TEST_CASE("memory file: appears under its name at once, and only if that is free") {
  const std::string path = "/dev/shm/cogway-memory-file-test-" + std::to_string(::getpid());
  const FileDescriptor fd = create_nameless_file("/dev/shm", 5000);
  const FileFacts facts = file_facts(fd.get());
  CHECK(facts.bytes == round_to_pages(5000));
  CHECK(facts.links == 0);
  CHECK(facts.mode == 0600);
  CHECK(facts.owner == effective_user());
  CHECK(facts.regular);
  int error = 0;
  CHECK_FALSE(open_memory_file(path, &error));
  CHECK(error == ENOENT);
  CHECK(link_file(fd.get(), path));
  CHECK_FALSE(link_file(fd.get(), path));
  const FileDescriptor found = open_memory_file(path, &error);
  REQUIRE(found);
  CHECK(file_facts(found.get()).same_file(facts));
  CHECK(file_facts(open_again(fd.get()).get()).same_file(facts));
  CHECK(file_names("/dev/shm", path.substr(9)).size() == 1);
  CHECK(unlink_file(path));
  CHECK_FALSE(unlink_file(path));
  CHECK(is_memory_folder("/dev/shm"));
  CHECK_FALSE(is_memory_folder("/proc"));
  CHECK_THROWS_AS((void)create_nameless_file("/nowhere", 1), std::system_error);
  CHECK(file_names("/nowhere", "").empty());
}

TEST_CASE("memory file: pages are there when they are allocated, or it says that they are not") {
  const SharedMemory memory =
      SharedMemory::of_file(create_nameless_file("/dev/shm", std::size_t{1} << 30));
  CHECK(memory.allocate_pages(4096, 4096));
  CHECK_FALSE(memory.allocate_pages(0, std::size_t{1} << 60));
}

TEST_CASE("descriptor passing: files arrive as they were sent, and none after the end") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const SharedMemory one("one", 1);
  const SharedMemory two("two", 1);
  const int sent[] = {one.fd(), two.fd()};
  send_descriptors(ends[0], sent);
  const auto received = receive_descriptors(ends[1]);
  REQUIRE(received.size() == 2);
  CHECK(file_facts(received[1].get()).same_file(file_facts(two.fd())));
  CHECK_THROWS_AS(send_descriptors(ends[0], {}), std::invalid_argument);
  ::close(ends[0]);
  CHECK(receive_descriptors(ends[1]).empty());
  ::close(ends[1]);
  CHECK_THROWS_AS(send_descriptors(ends[0], sent), std::system_error);
}
