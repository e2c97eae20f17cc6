// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/byte_locks.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cogway/base/os/memory_file.hpp"
#include "cogway/base/os/shared_memory.hpp"

using namespace cogway::os;

TEST_CASE("byte locks: two holders of one file exclude each other, byte by byte") {
  const SharedMemory memory("locks", 4096);
  const ByteLocks a(memory.fd());
  ByteLocks b(memory.fd());
  CHECK(a.try_lock(3));
  CHECK(a.try_lock(3));  // it has it
  CHECK_FALSE(b.try_lock(3));
  CHECK(b.try_lock(4));
  CHECK(b.held_elsewhere(3));
  CHECK_FALSE(a.held_elsewhere(3));  // by another one's, that is
  CHECK(a.held_elsewhere(4));
  a.unlock(3);
  CHECK(b.try_lock(3));
  b = ByteLocks(memory.fd());
  CHECK(a.try_lock(3));
}

TEST_CASE("byte locks: a child neither has nor keeps its parent's") {
  const SharedMemory memory("locks", 4096);
  const ByteLocks watcher(memory.fd());
  int ready[2];
  int stop[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(stop) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const ByteLocks own(memory.fd());
    if (!own.try_lock(7)) ::_exit(1);
    if (::fork() == 0) {
      const bool inert = !own.try_lock(8) && !own.held_elsewhere(7);
      if (::write(ready[1], inert ? "y" : "n", 1) != 1) ::_exit(2);
      char end = 0;
      (void)!::read(stop[0], &end, 1);
      ::_exit(0);
    }
    for (;;) ::pause();
  }
  char inert = 0;
  REQUIRE(::read(ready[0], &inert, 1) == 1);
  CHECK(inert == 'y');
  CHECK(watcher.held_elsewhere(7));
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(watcher.held_elsewhere(7));
  CHECK(::write(stop[1], "s", 1) == 1);
  for (const int fd : {ready[0], ready[1], stop[0], stop[1]}) ::close(fd);
}
