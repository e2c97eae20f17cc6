// SPDX-License-Identifier: Apache-2.0
#include "jpeg_call.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Choices c(data, size);
  static const char* const kSubsamplings[] = {"4:2:0", "4:2:2", "4:4:4"};
  fuzz::run("image.thumbnail", c,
            {{"size", std::vector<std::int64_t>{1 + c.of(1, 40), 1 + c.of(2, 40)}},
             {"quality", 1 + c.of(2, 100)},
             {"subsampling", kSubsamplings[c.of(0, 3)]},
             {"progressive", c.bit(0, 4)},
             {"orient", c.bit(0, 5)},
             {"allow_truncated", c.bit(0, 6)},
             {"max_pixels", fuzz::kMaxPixels}});
  return 0;
}
