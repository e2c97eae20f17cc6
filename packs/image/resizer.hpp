// SPDX-License-Identifier: Apache-2.0
#pragma once
// Resizes an image whose rows come one after another, straight into its target: rows first (so that
// the long rows are blended as they are, in wide vectors), then columns, then bytes or normalised
// floats.
//
//   rows of the source ──blend_rows──► two rows, 16 bits ──blend_pixels──► pixels, 32 bits
//   ──store──► target
//
// Threads: one Resizer a call; resize_rows may run on several threads for disjoint rows, each with
// its own Workspace, if the source is wholly there.

#include <cstdint>

#include "axis.hpp"
#include "call.hpp"
#include "orientation.hpp"

namespace cogway_image {

/// Rows of packed bytes, in a ring of `ring` rows of memory.
struct RowSource {
  const std::uint8_t* base = nullptr;  ///< row 0's place
  std::int64_t stride = 0;
  std::int64_t ring = INT64_MAX;
  /// Makes rows [.., end) readable, of which the last `ring` stay so. Null: all are there.
  std::int32_t (*advance)(void* self, std::int64_t end) = nullptr;
  void* self = nullptr;

  [[nodiscard]] const std::uint8_t* row(std::int64_t y) const noexcept {
    return base + (y % ring) * stride;
  }
};

/// Where pixels go, and as what.
struct PixelTarget {
  void* data = nullptr;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  bool floats = false;  ///< else bytes
  bool planar = false;  ///< [channels, height, width], else [height, width, channels]
  bool flip_rows = false;
  float scale[4] = {1, 1, 1, 1};  ///< floats: level * scale + bias
  float bias[4] = {0, 0, 0, 0};

  [[nodiscard]] std::int64_t element_bytes() const noexcept { return floats ? 4 : 1; }
  [[nodiscard]] std::int64_t bytes() const noexcept {
    return height * width * channels * element_bytes();
  }
};

/// Writes a finished target, turned, to out: as large, C-contiguous, in the same layout.
void place_target(const Orientation& orientation, const PixelTarget& from,
                  std::uint8_t* out) noexcept;

/// How an image is resized: [0, height) x [0, width) of it, begin and end within.
struct ResizeRequest {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  double y_begin = 0, y_end = 0, x_begin = 0, x_end = 0;
  Filter filter = Filter::antialiased;
  bool flip_columns = false;
};

class Resizer {
 public:
  /// Works out the weights. target.scale is for levels of 0 to 255.
  std::int32_t prepare(const Call& call, const ResizeRequest& request, const PixelTarget& target);

  /// Rows of a ring that suffice when the source is asked for `ahead` rows more than are needed.
  [[nodiscard]] std::int64_t ring_rows(std::int64_t ahead) const noexcept;

  [[nodiscard]] std::size_t workspace_bytes() const noexcept;

  /// Makes rows [begin, end) of the target. workspace: workspace_bytes(), 64-byte aligned.
  std::int32_t resize_rows(const Call& call, const RowSource& source, std::int64_t begin,
                           std::int64_t end, void* workspace) const;

 private:
  void blend(const RowSource& source, std::int64_t i, const std::uint8_t** pointers,
             std::int16_t* out) const noexcept;
  void store(const std::int32_t* pixels, std::int64_t i) const noexcept;

  Axis rows_;
  Axis columns_;
  ResizeRequest request_;
  PixelTarget target_;
};

}  // namespace cogway_image
