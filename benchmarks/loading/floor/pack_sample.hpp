// SPDX-License-Identifier: Apache-2.0
#pragma once
// image.sample of the image pack, called in the floor program's loop with no engine around it: what
// the kernel itself is worth against the hand-written code.

#include <cstdint>
#include <vector>

namespace loading_floor {

/// Opens libcogway_image.so; ends the program when that fails.
void open_pack(const char* path);

/// What decode_crop and resize_into do together.
void pack_sample(const std::vector<std::uint8_t>& file, std::int64_t seed, std::int64_t epoch,
                 std::int64_t index, float* out);

}  // namespace loading_floor
