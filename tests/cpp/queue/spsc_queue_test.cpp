// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/spsc_queue.hpp"

#include "ring_rules.hpp"

using namespace cogway;

namespace {
template <typename T>
using Ring = SpscQueue<T>;
}  // namespace

TEST_CASE("spsc queue") { testing::expect_ring_rules<Ring>(); }
