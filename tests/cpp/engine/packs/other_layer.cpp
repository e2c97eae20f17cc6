// SPDX-License-Identifier: Apache-2.0
// A second pack over the same headers: the two must not share what the headers keep.
#include <cogway/kernel.hpp>

using namespace cogway::kernel;

namespace {
Status nothing() { return {}; }
COGWAY_KERNEL("other_layer.nothing", nothing);
}  // namespace

COGWAY_PACK("other_layer", "2.0");
