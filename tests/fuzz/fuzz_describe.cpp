// SPDX-License-Identifier: Apache-2.0
// image.decode's describe() alone, which reads headers on the caller's thread: with no limit of
// pixels.
#include "jpeg_call.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Choices c(data, size);
  const cogway_kernel& kernel = fuzz::host().kernel("image.decode");
  std::vector<cogway_value> values;
  for (std::uint32_t i = 0; i < kernel.n_params; ++i) {
    values.push_back(kernel.params[i].default_value);
    if (std::string(kernel.params[i].name) == "max_pixels") values.back().as.i = INT64_MAX;
  }
  const auto n = static_cast<std::int64_t>(c.file.size());
  const pack_host::Array file{c.file, {n}, {COGWAY_UINT, 8, 1}};
  const cogway_view input = file.view();
  cogway_context context;
  cogway_call call{sizeof(call),  1,        1,      kernel.n_params, &input, nullptr,
                   values.data(), &context, nullptr};
  cogway_output_spec spec{};
  if (kernel.describe(&call, &spec) != COGWAY_OK) return 0;
  if (spec.ndim != 3 || spec.shape[0] < 1 || spec.shape[0] > 65535 || spec.shape[1] < 1 ||
      spec.shape[1] > 65535 || spec.shape[2] != 3) {
    __builtin_trap();
  }
  return 0;
}
