// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/thread_exit.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace cogway;

namespace {

thread_local void* variable = nullptr;
thread_local void* other = nullptr;
std::vector<long> seen;  // by one thread after another

void note(void* value) { seen.push_back(reinterpret_cast<long>(value)); }
void note_and_add(void* value) {
  note(value);
  other = reinterpret_cast<void*>(9L);
  CHECK(ThreadExit::add(&other, &note));
}
void in_thread(auto body) { std::thread(body).join(); }

}  // namespace

TEST_CASE("an ending thread calls its destructors in order, with what the variables hold then") {
  seen.clear();
  in_thread([] {
    CHECK(ThreadExit::add(&variable, &note));
    CHECK(ThreadExit::add(&other, &note));
    CHECK(ThreadExit::add(&variable, &note));
    variable = reinterpret_cast<void*>(1L);
    other = reinterpret_cast<void*>(2L);
    CHECK(seen.empty());
  });
  CHECK(seen == std::vector<long>{1, 2, 1});
}

TEST_CASE("null is let be, and what is removed is forgotten") {
  seen.clear();
  in_thread([] {
    CHECK(ThreadExit::add(&variable, &note));
    CHECK(ThreadExit::add(&other, &note));
    other = reinterpret_cast<void*>(2L);
    CHECK(ThreadExit::remove(&other));
    CHECK_FALSE(ThreadExit::remove(&other));
  });
  CHECK(seen.empty());
}

TEST_CASE("a destructor may add another") {
  seen.clear();
  in_thread([] {
    variable = reinterpret_cast<void*>(1L);
    CHECK(ThreadExit::add(&variable, &note_and_add));
  });
  CHECK(seen == std::vector<long>{1, 9});
}

TEST_CASE("a thread that has called its last destructor takes no more") {
  static std::atomic<int> answers{0};
  struct Late {
    ~Late() {
      answers = ThreadExit::add(&variable, &note) || ThreadExit::remove(&variable) ? 1 : 2;
    }
  };
  in_thread([] {
    thread_local Late late;  // made first, destroyed last
    (void)&late;
    CHECK(ThreadExit::add(&variable, &note));
  });
  CHECK(answers == 2);
}
