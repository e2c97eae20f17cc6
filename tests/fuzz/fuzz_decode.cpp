// SPDX-License-Identifier: Apache-2.0
#include "jpeg_call.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Choices c(data, size);
  std::vector<pack_host::Param> params = {{"color", c.bit(0, 0) ? "gray" : "rgb"},
                                          {"orient", c.bit(0, 1)},
                                          {"allow_truncated", c.bit(0, 2)},
                                          {"max_pixels", fuzz::kMaxPixels}};
  if (c.bit(0, 3)) {
    params.push_back({"scale", 1 << c.of(1, 4)});
  } else if (c.bit(0, 4)) {
    params.push_back({"size", std::vector<std::int64_t>{1 + c.of(1, 64), 1 + c.of(2, 64)}});
  }
  if (c.bit(0, 5)) {
    params.push_back({"crop", std::vector<std::int64_t>{c.of(1, 16), c.of(2, 16), 1 + c.of(1, 9),
                                                        1 + c.of(2, 7)}});
  }
  fuzz::run("image.decode", c, params);
  return 0;
}
