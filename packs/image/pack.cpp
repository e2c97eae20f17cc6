// SPDX-License-Identifier: Apache-2.0
// The pack's table and its one exported symbol.
#include "call.hpp"
#include "kernels.hpp"

namespace {

constexpr std::uint32_t kKernelCount = 10;

/// Filled at the first load: constants of other files are initialised by then, in whatever order
/// they were linked.
struct Table {
  explicit Table(const cogway_host* host) noexcept {
    using namespace cogway_image;
    set_host(host);
    pack.kernels = kernels;
  }
  cogway_kernel kernels[kKernelCount] = {
      cogway_image::kDecodeKernel,    cogway_image::kEncodeKernel,
      cogway_image::kResizeKernel,    cogway_image::kCropKernel,
      cogway_image::kRotateKernel,    cogway_image::kFlipKernel,
      cogway_image::kGrayscaleKernel, cogway_image::kNormalizeKernel,
      cogway_image::kThumbnailKernel, cogway_image::kSampleKernel};
  cogway_pack pack = {sizeof(cogway_pack),  COGWAY_KERNEL_ABI, "image",
                      COGWAY_IMAGE_VERSION, nullptr,           kKernelCount};
};

bool processor_suffices() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("ssse3") != 0;
#else
  return true;
#endif
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(
    const cogway_host* host) {
  const bool offers_all =
      host != nullptr && COGWAY_HOST_HAS(host, log) && host->abi == COGWAY_KERNEL_ABI;
  if (!offers_all || !processor_suffices()) return nullptr;
  static const Table table(host);
  return &table.pack;
}
