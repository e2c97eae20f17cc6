// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/shared_memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

using namespace cogway::os;

TEST_CASE("two mappings show the same bytes") {
  const SharedMemory memory("test", 10'000);
  CHECK(memory.size() == round_to_pages(10'000));
  const Mapping writer(memory, Access::read_write);
  const Mapping reader(memory, Access::read);
  CHECK(writer.size() == memory.size());
  std::memcpy(writer.data(), "hello", 6);
  CHECK(std::memcmp(reader.data(), "hello", 6) == 0);
  CHECK(writer.data() != reader.data());
}

TEST_CASE("a part can be mapped, a misplaced one is refused") {
  const SharedMemory memory("test", 4 * page_size());
  const Mapping part(memory, Access::read_write, page_size(), page_size());
  CHECK(part.size() == page_size());
  CHECK_THROWS_AS(Mapping(memory, Access::read, 1), std::out_of_range);
  CHECK_THROWS_AS(Mapping(memory, Access::read, 0, 5 * page_size()), std::out_of_range);
  CHECK_THROWS_AS(Mapping(memory, Access::read, 8 * page_size()), std::out_of_range);
}

TEST_CASE("a forbidden page can be neither read nor written, its neighbours can") {
  const SharedMemory memory("test", 3 * page_size());
  const Mapping mapping(memory, Access::read_write);
  CHECK(mapping.forbid(page_size(), page_size()));
  CHECK(mapping.forbid(page_size(), page_size()));
  CHECK_FALSE(mapping.forbid(3 * page_size(), page_size()));
  mapping.data()[page_size() - 1] = std::byte{1};
  mapping.data()[2 * page_size()] = std::byte{1};
  // The system answers for us: it refuses what would be a fault here.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(::write(ends[1], mapping.data() + page_size(), 1) == -1);
  CHECK(errno == EFAULT);
  CHECK(::write(ends[1], mapping.data() + 2 * page_size(), 1) == 1);
  CHECK(::read(ends[0], mapping.data() + page_size(), 1) == -1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("prefault keeps what is there, release gives zeroes") {
  SharedMemory memory("test", 4 * page_size());
  const Mapping mapping(memory, Access::read_write);
  mapping.data()[0] = std::byte{7};
  mapping.data()[page_size()] = std::byte{8};
  mapping.prefault(0, memory.size());
  CHECK(mapping.data()[0] == std::byte{7});
  memory.release_pages(1, 2 * page_size());  // whole pages only: the second
  CHECK(mapping.data()[0] == std::byte{7});
  CHECK(mapping.data()[page_size()] == std::byte{0});
  CHECK_THROWS_AS(mapping.prefault(0, 5 * page_size()), std::out_of_range);
}

TEST_CASE("memory cannot be cut off under its readers") {
  const SharedMemory memory("test", page_size());
  CHECK(::ftruncate(memory.fd(), 0) != 0);
}

TEST_CASE("sealed memory takes no further writers, and old ones go on") {
  SharedMemory memory("test", page_size());
  const Mapping writer(memory, Access::read_write);
  memory.seal_future_writes();
  writer.data()[0] = std::byte{1};
  CHECK_THROWS_AS(Mapping(memory, Access::read_write), std::system_error);
  const Mapping reader(memory, Access::read);
  CHECK(reader.data()[0] == std::byte{1});
}

TEST_CASE("only memory that cannot vanish is adopted") {
  const SharedMemory memory("test", page_size());
  FileDescriptor borrowed(memory.fd());
  FileDescriptor copy = borrowed.duplicate();
  CHECK(borrowed.release() == memory.fd());
  const SharedMemory adopted = SharedMemory::adopt(std::move(copy));
  CHECK(adopted.size() == memory.size());
  CHECK_THROWS_AS(
      (void)SharedMemory::adopt(FileDescriptor(::open("/dev/null", O_RDWR | O_CLOEXEC))),
      std::invalid_argument);
}

TEST_CASE("an absurd size is refused") {
  CHECK_THROWS_AS(SharedMemory("test", 0), std::invalid_argument);
  CHECK_THROWS_AS(SharedMemory("test", SIZE_MAX), std::exception);
}

TEST_CASE("mappings move") {
  const SharedMemory memory("test", page_size());
  Mapping first(memory, Access::read_write);
  std::byte* const data = first.data();
  Mapping second = std::move(first);
  CHECK(second.data() == data);
  CHECK(first.data() == nullptr);  // NOLINT: moved from on purpose
  second = Mapping(memory, Access::read);
  CHECK(second.data() != nullptr);
}
