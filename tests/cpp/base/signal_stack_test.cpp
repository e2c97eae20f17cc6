// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/signal_stack.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <thread>

using namespace cogway::os;

namespace {

stack_t present() {
  stack_t stack{};
  REQUIRE(::sigaltstack(nullptr, &stack) == 0);
  return stack;
}

}  // namespace

TEST_CASE("a thread has a signal stack for as long as the object lives, and keeps one it had") {
  std::thread([] {
    const bool given = (present().ss_flags & SS_DISABLE) == 0;  // by a sanitizer
    {
      const SignalStack stack;
      CHECK((present().ss_flags & SS_DISABLE) == 0);
      CHECK(present().ss_size >= 8192);
      void* const memory = present().ss_sp;
      {
        const SignalStack second;
        CHECK(present().ss_sp == memory);
      }
      CHECK(present().ss_sp == memory);
    }
    CHECK(((present().ss_flags & SS_DISABLE) == 0) == given);
  }).join();
}
