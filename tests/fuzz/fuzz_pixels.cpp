// SPDX-License-Identifier: Apache-2.0
// The kernels on pixels, with shapes, strides and parameters of all kinds.
#include <cmath>

#include "jpeg_call.hpp"

namespace {

/// A view of part of memory: any shape and strides that stay inside of it.
struct Strided {
  std::vector<std::uint8_t> memory;
  cogway_view view{};

  Strided(const fuzz::Choices& c, std::size_t element) {
    memory.assign(std::size_t{1} << 16, 0x3C);
    for (std::size_t i = 0; i < c.file.size() && i < memory.size(); ++i) memory[i] = c.file[i];
    const auto byte = [&](std::size_t i) -> std::int64_t {
      return i < c.file.size() ? c.file[i] : 1;
    };
    view.size = sizeof(view);
    view.ndim = c.bit(0, 0) ? 2 : 3;
    view.dtype = {static_cast<std::uint8_t>(element == 4 ? COGWAY_FLOAT : COGWAY_UINT),
                  static_cast<std::uint8_t>(8 * element), 1};
    view.shape[0] = 1 + byte(0) % 40;
    view.shape[1] = 1 + byte(1) % 40;
    view.shape[2] = 1 + byte(2) % 5;
    const auto e = static_cast<std::int64_t>(element);
    if (c.bit(0, 1)) {  // packed
      view.strides[2] = e;
      view.strides[1] = view.ndim == 3 ? e * view.shape[2] : e;
      view.strides[0] = view.strides[1] * view.shape[1];
      view.data = memory.data();
    } else {
      for (std::size_t axis = 0; axis < 3; ++axis) view.strides[axis] = byte(3 + axis) - 128;
      view.data = memory.data() + memory.size() / 2;
    }
    view.nbytes = memory.size() / 2;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Choices c(data, size);
  const std::vector<std::int64_t> out = {1 + c.of(1, 50), 1 + c.of(2, 50)};
  const pack_host::Conditions conditions = fuzz::conditions(c);
  const Strided bytes(c, 1);
  const auto call = [&](const char* kernel, const std::vector<pack_host::Param>& params) {
    const pack_host::Result r = fuzz::host().call(kernel, bytes.view, params, conditions);
    if (r.status != COGWAY_OK && r.message.empty()) __builtin_trap();
  };
  switch (c.of(0, 64) >> 2) {
    case 0:
    case 1:
      call("image.resize", {{"size", out},
                            {"interpolation", c.bit(3, 0) ? "nearest" : "bilinear"},
                            {"antialias", c.bit(3, 1)}});
      break;
    case 2:
      call("image.rotate", {{"angle", std::ldexp(c.bytes[1] * 256 + c.bytes[2], -6)},
                            {"expand", c.bit(3, 0)},
                            {"interpolation", c.bit(3, 1) ? "nearest" : "bilinear"}});
      break;
    case 3:
      call("image.crop", {{"size", out}, {"place", "random"}, {"index", int{c.bytes[3]}}});
      break;
    case 4:
      call("image.flip", {{"axis", c.bit(3, 0) ? "both" : "horizontal"}});
      break;
    case 5:
      call("image.grayscale", {});
      break;
    case 6: {
      const Strided floats(c, 4);
      const pack_host::Result r = fuzz::host().call(
          "image.normalize", c.bit(3, 0) ? floats.view : bytes.view,
          {{"layout", c.bit(3, 1) ? "chw" : "hwc"}, {"input_layout", c.bit(3, 2) ? "chw" : "hwc"}},
          conditions);
      if (r.status != COGWAY_OK && r.message.empty()) __builtin_trap();
      break;
    }
    case 7:
      call("image.encode", {{"quality", 1 + c.of(1, 100)}, {"progressive", c.bit(3, 0)}});
      break;
    default:
      call("image.sample", {{"size", out}, {"index", int{c.bytes[3]}}});
      break;
  }
  return 0;
}
