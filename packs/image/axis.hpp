// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the samples of one axis of a resized image are made of those of the original: for each output
// position a first input position and fixed-point weights. The law is Pillow's: a triangle filter
// as wide as one output pixel (antialias) or one input pixel (plain bilinear), clipped at the edges
// of the input and normalised there; nearest takes the input pixel under the output pixel's centre.

#include <cstddef>
#include <cstdint>

#include "call.hpp"

namespace cogway_image {

enum class Filter { nearest, bilinear, antialiased };

struct AxisRequest {
  std::int64_t input = 0;  ///< samples there are
  double begin = 0;        ///< the part of them that is resized
  double end = 0;
  std::int64_t output = 0;  ///< samples to be made
  Filter filter = Filter::antialiased;
  bool reversed = false;  ///< output comes out backwards
  int most_bits = 16;     ///< of the weights' fixed point; 14 are always used
};

struct Axis {
  std::int64_t output = 0;
  std::int32_t taps = 0;  ///< weights for each output sample; even, the last ones may be 0
  int bits = 14;          ///< the weights of an output sample add up to 1 << bits
  const std::int32_t* first = nullptr;    ///< output of them; first + taps may pass the input's end
  const std::int16_t* weights = nullptr;  ///< taps for each output sample

  [[nodiscard]] const std::int16_t* weights_of(std::int64_t i) const noexcept {
    return weights + i * taps;
  }
};

/// Builds an axis in the call's scratch memory.
std::int32_t make_axis(const Call& call, const AxisRequest& request, Axis* axis);

}  // namespace cogway_image
