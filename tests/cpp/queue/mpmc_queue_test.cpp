// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/mpmc_queue.hpp"

#include "ring_rules.hpp"

using namespace cogway;

namespace {
template <typename T>
using Ring = MpmcQueue<T>;
}  // namespace

TEST_CASE("mpmc queue") { testing::expect_ring_rules<Ring>(); }
