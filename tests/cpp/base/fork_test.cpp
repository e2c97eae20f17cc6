// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/fork.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cogway::os;

TEST_CASE("a child knows that it is one, and its child too") {
  const std::uint64_t here = fork_epoch();
  const pid_t child = ::fork();
  if (child == 0) {
    if (fork_epoch() != here + 1) ::_exit(1);
    const pid_t grandchild = ::fork();
    if (grandchild == 0) ::_exit(fork_epoch() == here + 2 ? 0 : 2);
    int status = -1;
    ::waitpid(grandchild, &status, 0);
    ::_exit(status == 0 ? 0 : 3);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(fork_epoch() == here);
}
