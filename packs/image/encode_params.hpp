// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a JPEG is written: the parameters that image.encode and image.thumbnail share.

#include <cstdint>

#include "call.hpp"
#include "jpeg_encoder.hpp"
#include "params.hpp"

namespace cogway_image {

inline constexpr const char* kSubsamplings[] = {"4:2:0", "4:2:2", "4:4:4", nullptr};

constexpr cogway_param_spec quality_param(std::int64_t value) {
  return int_param("quality", "1 (smallest) to 100 (best)", 1, 100, value);
}
constexpr cogway_param_spec subsampling_param() {
  return choice_param("subsampling", "resolution of colour against that of brightness",
                      kSubsamplings, 0);
}
constexpr cogway_param_spec progressive_param() {
  return bool_param("progressive", "write a progressive JPEG: smaller, slower", false);
}
constexpr cogway_param_spec optimize_param() {
  return bool_param("optimize", "compute Huffman tables for the image: smaller, slower", false);
}

/// Reads the four, declared one after another from `first` on.
inline EncodeOptions read_encode_options(const Call& call, std::uint32_t first) {
  EncodeOptions options;
  options.quality = static_cast<int>(call.integer(first));
  const std::int64_t subsampling = call.integer(first + 1);
  options.horizontal_sampling = subsampling == 2 ? 1 : 2;
  options.vertical_sampling = subsampling == 0 ? 2 : 1;
  options.progressive = call.flag(first + 2);
  options.optimize = call.flag(first + 3);
  return options;
}

}  // namespace cogway_image
