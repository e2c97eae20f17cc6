// SPDX-License-Identifier: Apache-2.0
// Names one parameter fewer than its function takes.
#include <cogway/kernel.hpp>

using namespace cogway::kernel;

namespace {
Status two(double, double) { return {}; }
COGWAY_KERNEL("faulty_layer.two", two).param("first", 1.0, "named");
}  // namespace

COGWAY_PACK("faulty_layer", "1.0");
