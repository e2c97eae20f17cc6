// SPDX-License-Identifier: Apache-2.0
#include "jpeg_call.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Choices c(data, size);
  static const char* const kCrops[] = {"random", "center", "none"};
  fuzz::run("image.sample", c,
            {{"size", std::vector<std::int64_t>{1 + c.of(1, 40), 1 + c.of(2, 40)}},
             {"crop", kCrops[c.of(0, 3)]},
             {"flip", 0.5},
             {"index", int{c.bytes[1]}},
             {"interpolation", c.bit(0, 2) ? "nearest" : "bilinear"},
             {"antialias", c.bit(0, 3)},
             {"dtype", c.bit(0, 4) ? "uint8" : "float32"},
             {"layout", c.bit(0, 5) ? "hwc" : "chw"},
             {"color", c.bit(0, 6) ? "gray" : "rgb"},
             {"allow_truncated", c.bit(0, 7)},
             {"scaled_decode", c.bit(2, 7)},
             {"max_pixels", fuzz::kMaxPixels}});
  return 0;
}
