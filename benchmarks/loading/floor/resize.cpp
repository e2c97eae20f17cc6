// SPDX-License-Identifier: Apache-2.0
// Plain loops for the compiler to vectorise: rows are blended into one row of floats, then columns
// into the three planes, normalised on the way.
#include <algorithm>
#include <cmath>

#include "jpeg_crop.hpp"

namespace loading_floor {
namespace {

constexpr float kMean[] = {0.485F, 0.456F, 0.406F};
constexpr float kStd[] = {0.229F, 0.224F, 0.225F};

/// Triangle weights of one axis, kSide outputs.
struct Weights {
  int taps = 0;
  int first[kSide];
  int count[kSide];
  std::vector<float> values;

  void fill(int input, double begin, double end) {
    const double scale = (end - begin) / kSide;
    const double spread = std::max(scale, 1.0);
    taps = static_cast<int>(std::ceil(spread)) * 2 + 1;
    values.assign(static_cast<std::size_t>(taps) * kSide, 0.0F);
    for (int i = 0; i < kSide; ++i) {
      const double centre = begin + (i + 0.5) * scale;
      const int low = std::max(0, static_cast<int>(centre - spread + 0.5));
      const int high = std::min(input, static_cast<int>(centre + spread + 0.5));
      float* const w = values.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(taps);
      float sum = 0;
      for (int k = 0; k < high - low; ++k) {
        w[k] = std::max(0.0F, 1.0F - static_cast<float>(std::abs(low + k - centre + 0.5) / spread));
        sum += w[k];
      }
      for (int k = 0; k < high - low; ++k) w[k] /= sum;
      first[i] = low;
      count[i] = high - low;
    }
  }
  [[nodiscard]] const float* of(int i) const {
    return values.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(taps);
  }
};

void blend_rows(const Crop& crop, const Weights& weights, int i, std::vector<float>& row) {
  const std::size_t n = static_cast<std::size_t>(crop.columns) * 3;
  const float* const w = weights.of(i);
  for (int k = 0; k < weights.count[i]; ++k) {
    const std::uint8_t* const from = crop.pixels.data() + crop.offset +
                                     static_cast<std::size_t>(weights.first[i] + k) * crop.stride;
    const float weight = w[k];
    float* const to = row.data();
    if (k == 0) {
      for (std::size_t x = 0; x < n; ++x) to[x] = weight * from[x];
    } else {
      for (std::size_t x = 0; x < n; ++x) to[x] += weight * from[x];
    }
  }
}

}  // namespace

void resize_into(const Crop& crop, float* out) {
  thread_local Weights rows;
  thread_local Weights columns;
  thread_local std::vector<float> row;
  rows.fill(crop.rows, crop.top, crop.bottom);
  columns.fill(crop.columns, crop.left, crop.right);
  if (row.size() < static_cast<std::size_t>(crop.columns) * 3) {
    row.resize(static_cast<std::size_t>(crop.columns) * 3);
  }
  float scale[3];
  float bias[3];
  for (int c = 0; c < 3; ++c) {
    scale[c] = 1.0F / (255.0F * kStd[c]);
    bias[c] = -kMean[c] / kStd[c];
  }
  for (int y = 0; y < kSide; ++y) {
    blend_rows(crop, rows, y, row);
    float* const line = out + y * kSide;
    for (int x = 0; x < kSide; ++x) {
      const float* const w = columns.of(x);
      const float* from = row.data() + columns.first[x] * 3;
      float r = 0;
      float g = 0;
      float b = 0;
      for (int k = 0; k < columns.count[x]; ++k, from += 3) {
        r += w[k] * from[0];
        g += w[k] * from[1];
        b += w[k] * from[2];
      }
      const int to = crop.flip ? kSide - 1 - x : x;
      line[to] = r * scale[0] + bias[0];
      line[kSide * kSide + to] = g * scale[1] + bias[1];
      line[2 * kSide * kSide + to] = b * scale[2] + bias[2];
    }
  }
}

}  // namespace loading_floor
