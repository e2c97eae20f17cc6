// SPDX-License-Identifier: Apache-2.0
#include "jpeg_crop.hpp"

#include <cmath>
// clang-format off: jpeglib.h uses FILE without asking for it.
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include "random.hpp"

namespace loading_floor {
namespace {

using cogway_image::Random;
using cogway_image::RandomOperation;

struct Box {
  int y, x, height, width;
};

Box draw_box(Random& random, int height, int width) {
  const double low = std::log(3.0 / 4.0);
  const double high = std::log(4.0 / 3.0);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = double(height) * width * random.uniform(0.08, 1.0);
    const double ratio = std::exp(random.uniform(low, high));
    const int w = static_cast<int>(std::nearbyint(std::sqrt(area * ratio)));
    const int h = static_cast<int>(std::nearbyint(std::sqrt(area / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const auto y = static_cast<int>(random.below(height - h + 1));
    const auto x = static_cast<int>(random.below(width - w + 1));
    return {y, x, h, w};
  }
  const double ratio = double(width) / height;
  int h = height;
  int w = width;
  if (ratio < 3.0 / 4.0) h = static_cast<int>(std::nearbyint(width / (3.0 / 4.0)));
  if (ratio > 4.0 / 3.0) w = static_cast<int>(std::nearbyint(height * (4.0 / 3.0)));
  return {(height - h) / 2, (width - w) / 2, h, w};
}

/// One decompressor for the life of its thread.
struct Decompressor {
  Decompressor() {
    object.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&object);
  }
  ~Decompressor() { jpeg_destroy_decompress(&object); }
  jpeg_decompress_struct object;
  jpeg_error_mgr errors;
};

}  // namespace

void decode_crop(const std::vector<std::uint8_t>& file, std::int64_t seed, std::int64_t epoch,
                 std::int64_t index, Crop* crop) {
  thread_local Decompressor decompressor;
  jpeg_decompress_struct& d = decompressor.object;
  jpeg_mem_src(&d, file.data(), file.size());
  jpeg_read_header(&d, TRUE);
  Random random(seed, epoch, index, RandomOperation::crop);
  const Box box =
      draw_box(random, static_cast<int>(d.image_height), static_cast<int>(d.image_width));
  Random coin(seed, epoch, index, RandomOperation::flip);
  crop->flip = coin.uniform() < 0.5;
  int scale = 1;
  for (const int s : {8, 4, 2}) {
    if (box.height >= kSide * s && box.width >= kSide * s) {
      scale = s;
      break;
    }
  }
  d.out_color_space = JCS_RGB;
  d.scale_num = 1;
  d.scale_denom = static_cast<unsigned>(scale);
  jpeg_start_decompress(&d);
  const int y = box.y / scale;
  const int x = box.x / scale;
  crop->rows = (box.y + box.height + scale - 1) / scale - y;
  crop->columns = (box.x + box.width + scale - 1) / scale - x;
  crop->top = double(box.y) / scale - y;
  crop->bottom = double(box.y + box.height) / scale - y;
  crop->left = double(box.x) / scale - x;
  crop->right = double(box.x + box.width) / scale - x;
  auto first = static_cast<JDIMENSION>(x);
  auto width = static_cast<JDIMENSION>(crop->columns);
  jpeg_crop_scanline(&d, &first, &width);
  crop->offset = (static_cast<std::size_t>(x) - first) * 3;
  crop->stride = static_cast<std::size_t>(width) * 3;
  const std::size_t bytes = crop->stride * static_cast<std::size_t>(crop->rows);
  if (crop->pixels.size() < bytes) crop->pixels.resize(bytes);
  if (y > 0) jpeg_skip_scanlines(&d, static_cast<JDIMENSION>(y));
  for (int done = 0; done < crop->rows;) {
    JSAMPROW rows[8];
    const int count = crop->rows - done < 8 ? crop->rows - done : 8;
    for (int i = 0; i < count; ++i) {
      rows[i] = crop->pixels.data() + static_cast<std::size_t>(done + i) * crop->stride;
    }
    done += static_cast<int>(jpeg_read_scanlines(&d, rows, static_cast<JDIMENSION>(count)));
  }
  jpeg_abort_decompress(&d);
}

}  // namespace loading_floor
