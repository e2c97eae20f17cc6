// SPDX-License-Identifier: Apache-2.0
#pragma once
// The kernels of the pack; each is defined in the file of its name.

#include "cogway/kernel_abi.h"

namespace cogway_image {

extern const cogway_kernel kCropKernel;
extern const cogway_kernel kDecodeKernel;
extern const cogway_kernel kEncodeKernel;
extern const cogway_kernel kFlipKernel;
extern const cogway_kernel kGrayscaleKernel;
extern const cogway_kernel kNormalizeKernel;
extern const cogway_kernel kResizeKernel;
extern const cogway_kernel kRotateKernel;
extern const cogway_kernel kSampleKernel;
extern const cogway_kernel kThumbnailKernel;

}  // namespace cogway_image
