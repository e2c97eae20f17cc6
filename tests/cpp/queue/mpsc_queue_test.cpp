// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/mpsc_queue.hpp"

#include "ring_rules.hpp"

using namespace cogway;

namespace {
template <typename T>
using Ring = MpscQueue<T>;
}  // namespace

TEST_CASE("mpsc queue") { testing::expect_ring_rules<Ring>(); }
