// SPDX-License-Identifier: Apache-2.0
// gray.cpp: a plain loop over rows of RGB pixels, with or without a look at every index.
#include <cogway/kernel_abi.h>

#include <cstdint>
#include <span>
#include <stdexcept>

namespace {

const cogway_host* host;

std::uint8_t luma(unsigned r, unsigned g, unsigned b) {
  return static_cast<std::uint8_t>((77 * r + 150 * g + 29 * b + 128) >> 8);
}

/// A span whose every index is looked at, as std::vector::at does it.
template <typename T>
class Checked {
 public:
  explicit Checked(std::span<T> items) : items_(items) {}
  T& operator[](std::size_t i) const {
    if (i >= items_.size()) throw std::out_of_range("beyond the end of the row");
    return items_[i];
  }

 private:
  std::span<T> items_;
};

template <template <typename> class View>
void convert(const cogway_view& in, const cogway_view& out, std::int64_t begin, std::int64_t end) {
  const auto width = static_cast<std::size_t>(in.shape[1]);
  for (std::int64_t y = begin; y < end; ++y) {
    const View<const std::uint8_t> from(
        std::span(static_cast<const std::uint8_t*>(in.data) + y * in.strides[0], 3 * width));
    const View<std::uint8_t> to(
        std::span(static_cast<std::uint8_t*>(out.data) + y * out.strides[0], width));
    for (std::size_t x = 0; x < width; ++x) {
      to[x] = luma(from[3 * x], from[3 * x + 1], from[3 * x + 2]);
    }
  }
}

template <typename T>
using Plain = std::span<T>;

template <template <typename> class View>
std::int32_t rows(void* argument, std::int64_t begin, std::int64_t end) {
  const auto* call = static_cast<const cogway_call*>(argument);
  try {
    convert<View>(call->inputs[0], call->outputs[0], begin, end);
    return COGWAY_OK;
  } catch (const std::exception& error) {  // nothing may be thrown at the engine
    return host->fail(call->context, COGWAY_INTERNAL, error.what());
  }
}

std::int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  const cogway_view& in = call->inputs[0];
  if (in.ndim != 3 || in.dtype.code != COGWAY_UINT || in.dtype.bits != 8 || in.shape[2] != 3 ||
      in.strides[2] != 1 || in.strides[1] != 3) {
    return host->fail(call->context, COGWAY_INVALID_ARGUMENT, "takes u8[height, width, 3]");
  }
  outputs[0].ndim = 2;
  outputs[0].dtype = in.dtype;
  outputs[0].shape[0] = in.shape[0];
  outputs[0].shape[1] = in.shape[1];
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* call) {
  const cogway_range_body body = call->params[0].as.i != 0 ? rows<Checked> : rows<Plain>;
  return host->parallel_for(call->context, call->inputs[0].shape[0], 32, body,
                            const_cast<cogway_call*>(call));
}

cogway_param_spec checked() {
  cogway_param_spec spec{};
  spec.size = sizeof(spec);
  spec.type = COGWAY_PARAM_BOOL;
  spec.name = "checked";
  spec.doc = "compare every index with the end";
  spec.default_value.type = COGWAY_PARAM_BOOL;
  return spec;
}
const cogway_param_spec params[] = {checked()};

cogway_kernel gray() {
  cogway_kernel kernel{};
  kernel.size = sizeof(kernel);
  kernel.name = "gray.cpp";
  kernel.doc = "Weigh red, green and blue into luma.";
  kernel.signature = "pixels: u8[height, width, 3] -> u8[height, width]";
  kernel.min_inputs = kernel.max_inputs = kernel.n_outputs = kernel.n_params = 1;
  kernel.params = params;
  kernel.describe = describe;
  kernel.run = run;
  return kernel;
}
const cogway_kernel kernels[] = {gray()};

}  // namespace

COGWAY_C_PACK(host, "gray_cpp", "1.0", kernels);
