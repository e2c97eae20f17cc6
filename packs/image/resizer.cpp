// SPDX-License-Identifier: Apache-2.0
#include "resizer.hpp"

#include <algorithm>
#include <cmath>

#include "resample.hpp"

namespace cogway_image {
namespace {

constexpr int kMostRowBits = 22;     // 255 << 22 fits 31 bits
constexpr int kMostColumnBits = 16;  // 255 << (7 + 16) likewise

/// Workspace, piece by piece, each on a cache line of its own.
class Pieces {
 public:
  explicit Pieces(void* memory) noexcept : next_(static_cast<std::uint8_t*>(memory)) {}
  template <typename T>
  T* take(std::size_t count) noexcept {
    T* const piece = static_cast<T*>(static_cast<void*>(next_));
    next_ += bytes<T>(count);
    return piece;
  }
  template <typename T>
  static constexpr std::size_t bytes(std::size_t count) noexcept {
    return (count * sizeof(T) + 63) / 64 * 64;
  }

 private:
  std::uint8_t* next_;
};

}  // namespace

void place_target(const Orientation& orientation, const PixelTarget& from,
                  std::uint8_t* out) noexcept {
  constexpr std::int64_t kStrip = 16;
  const std::int64_t planes = from.planar ? from.channels : 1;
  const std::int64_t pixel = from.element_bytes() * (from.planar ? 1 : from.channels);
  const std::int64_t plane_bytes = from.height * from.width * pixel;
  for (std::int64_t c = 0; c < planes; ++c) {
    const auto* const data = static_cast<const std::uint8_t*>(from.data) + c * plane_bytes;
    for (std::int64_t y = 0; y < from.height; y += kStrip) {
      place_rows(orientation, data + y * from.width * pixel, from.width * pixel, y,
                 std::min(kStrip, from.height - y), from.height, from.width, pixel,
                 out + c * plane_bytes);
    }
  }
}

std::int32_t Resizer::prepare(const Call& call, const ResizeRequest& request,
                              const PixelTarget& target) {
  request_ = request;
  target_ = target;
  const AxisRequest rows{request.height, request.y_begin, request.y_end, target.height,
                         request.filter, false,           kMostRowBits};
  const AxisRequest columns{request.width,  request.x_begin,      request.x_end,  target.width,
                            request.filter, request.flip_columns, kMostColumnBits};
  if (const std::int32_t status = make_axis(call, rows, &rows_); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = make_axis(call, columns, &columns_); status != COGWAY_OK) {
    return status;
  }
  const float unit = std::ldexp(1.0F, -(kRowBits + columns_.bits));
  for (float& scale : target_.scale) scale *= unit;
  return COGWAY_OK;
}

std::int64_t Resizer::ring_rows(std::int64_t ahead) const noexcept {
  const double step = (request_.y_end - request_.y_begin) / static_cast<double>(target_.height);
  const std::int64_t rows = rows_.taps + static_cast<std::int64_t>(std::ceil(step)) + 1 + ahead;
  return std::min(rows, request_.height);
}

std::size_t Resizer::workspace_bytes() const noexcept {
  const auto row = static_cast<std::size_t>(request_.width * request_.channels) + kRowSlack +
                   static_cast<std::size_t>(columns_.taps * request_.channels);
  const auto pixels =
      static_cast<std::size_t>(target_.width) * blended_lanes(request_.channels) + kRowSlack;
  return 2 * Pieces::bytes<std::int16_t>(row) + 2 * Pieces::bytes<std::int32_t>(pixels) +
         Pieces::bytes<const std::uint8_t*>(static_cast<std::size_t>(rows_.taps));
}

void Resizer::blend(const RowSource& source, std::int64_t i, const std::uint8_t** pointers,
                    std::int16_t* out) const noexcept {
  for (std::int32_t k = 0; k < rows_.taps; ++k) {
    pointers[k] = source.row(std::min<std::int64_t>(rows_.first[i] + k, request_.height - 1));
  }
  blend_rows(pointers, rows_.weights_of(i), rows_.taps, rows_.bits, out,
             static_cast<std::size_t>(request_.width * request_.channels));
}

void Resizer::store(const std::int32_t* pixels, std::int64_t i) const noexcept {
  const std::int64_t y = target_.flip_rows ? target_.height - 1 - i : i;
  const auto width = static_cast<std::size_t>(target_.width);
  const std::int64_t plane = target_.planar ? target_.height * target_.width : 0;
  const std::int64_t row = y * target_.width * (target_.planar ? 1 : target_.channels);
  if (target_.floats) {
    float* planes[4];
    for (std::int64_t c = 0; c < 4; ++c) {
      planes[c] = static_cast<float*>(target_.data) + row + (c < target_.channels ? c : 0) * plane;
    }
    store_floats(pixels, width, target_.channels, target_.scale, target_.bias, target_.planar,
                 planes);
    return;
  }
  std::uint8_t* planes[4];
  for (std::int64_t c = 0; c < 4; ++c) {
    planes[c] =
        static_cast<std::uint8_t*>(target_.data) + row + (c < target_.channels ? c : 0) * plane;
  }
  store_bytes(pixels, width, target_.channels, kRowBits + columns_.bits, target_.planar, planes);
}

std::int32_t Resizer::resize_rows(const Call& call, const RowSource& source, std::int64_t begin,
                                  std::int64_t end, void* workspace) const {
  Pieces pieces(workspace);
  const auto row_elements = static_cast<std::size_t>(request_.width * request_.channels) +
                            kRowSlack + static_cast<std::size_t>(columns_.taps * request_.channels);
  const auto pixel_elements =
      static_cast<std::size_t>(target_.width) * blended_lanes(request_.channels) + kRowSlack;
  std::int16_t* const row_a = pieces.take<std::int16_t>(row_elements);
  std::int16_t* const row_b = pieces.take<std::int16_t>(row_elements);
  std::int32_t* const pixels_a = pieces.take<std::int32_t>(pixel_elements);
  std::int32_t* const pixels_b = pieces.take<std::int32_t>(pixel_elements);
  auto** const pointers = pieces.take<const std::uint8_t*>(static_cast<std::size_t>(rows_.taps));
  // Weights of 0 meet what lies beyond a row: it must be some number.
  const auto row_used = static_cast<std::size_t>(request_.width * request_.channels);
  std::fill(row_a + row_used, row_a + row_elements, std::int16_t{0});
  std::fill(row_b + row_used, row_b + row_elements, std::int16_t{0});
  for (std::int64_t i = begin; i < end; i += 2) {
    const bool two = i + 1 < end;
    if (source.advance != nullptr) {
      const std::int64_t needed = std::min<std::int64_t>(
          std::int64_t{rows_.first[two ? i + 1 : i]} + rows_.taps, request_.height);
      if (const std::int32_t status = source.advance(source.self, needed); status != COGWAY_OK) {
        return status;
      }
    } else if (i % 16 == 0 && call.cancelled()) {
      return call.cancelled_status();
    }
    blend(source, i, pointers, row_a);
    if (two) blend(source, i + 1, pointers, row_b);
    blend_pixels(row_a, two ? row_b : row_a, columns_, request_.channels, pixels_a,
                 two ? pixels_b : pixels_a);
    store(pixels_a, i);
    if (two) store(pixels_b, i + 1);
  }
  return COGWAY_OK;
}

}  // namespace cogway_image
