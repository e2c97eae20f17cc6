// SPDX-License-Identifier: Apache-2.0
#include "jpeg_resample.hpp"

#include <algorithm>

namespace cogway_image {
namespace {

constexpr std::int64_t kRowsAhead = 8;  // decoded at a time, beyond those needed

/// Rows of a JPEG, decoded on demand into a ring.
struct DecodedRows {
  JpegDecoder& decoder;
  std::uint8_t* ring;
  std::int64_t ring_rows;
  std::int64_t height;
  std::int64_t decoded = 0;

  ~DecodedRows() { decoder.close(); }

  static std::int32_t advance(void* self, std::int64_t end) {
    auto& rows = *static_cast<DecodedRows*>(self);
    if (end <= rows.decoded) return COGWAY_OK;
    end = std::min(end + kRowsAhead, rows.height);
    while (rows.decoded < end) {
      std::uint8_t* targets[kRowsAhead];
      const std::int64_t count = std::min(end - rows.decoded, kRowsAhead);
      for (std::int64_t i = 0; i < count; ++i) {
        targets[i] = rows.ring + (rows.decoded + i) % rows.ring_rows * rows.decoder.row_bytes();
      }
      if (const std::int32_t status = rows.decoder.read_rows(targets, count); status != COGWAY_OK) {
        return status;
      }
      rows.decoded += count;
    }
    return COGWAY_OK;
  }
};

int denominator_for(const JpegResample& r, const PixelTarget& target) {
  if (r.scaled_decode_gap == 0 || r.filter == Filter::nearest) return 1;
  for (const int d : {8, 4, 2}) {
    if (r.part.height >= target.height * r.scaled_decode_gap * d &&
        r.part.width >= target.width * r.scaled_decode_gap * d) {
      return d;
    }
  }
  return 1;
}

}  // namespace

std::int32_t resample_jpeg(const Call& call, const JpegResample& r, const PixelTarget& target) {
  const int d = denominator_for(r, target);
  const Region& part = r.part;
  const std::int64_t y = part.y / d;
  const std::int64_t x = part.x / d;
  const Region region{y, x, scaled_length(part.y + part.height, d) - y,
                      scaled_length(part.x + part.width, d) - x};
  JpegDecoder& decoder = JpegDecoder::of_thread();
  const JpegDecoder::Options options{d, r.grayscale, r.allow_truncated};
  if (const std::int32_t status = decoder.open(call, r.data, r.bytes, r.header, options, region);
      status != COGWAY_OK) {
    return status;
  }
  DecodedRows rows{decoder, nullptr, 0, region.height};
  const auto at = [d](std::int64_t v, std::int64_t origin) {
    return static_cast<double>(v) / d - static_cast<double>(origin);
  };
  const ResizeRequest request{region.height,
                              region.width,
                              r.grayscale ? 1 : 3,
                              at(part.y, y),
                              at(part.y + part.height, y),
                              at(part.x, x),
                              at(part.x + part.width, x),
                              r.filter,
                              r.mirror};
  Resizer resizer;
  if (const std::int32_t status = resizer.prepare(call, request, target); status != COGWAY_OK) {
    return status;
  }
  rows.ring_rows = resizer.ring_rows(kRowsAhead);
  const auto ring_bytes = static_cast<std::size_t>(rows.ring_rows * decoder.row_bytes());
  rows.ring = call.scratch_of<std::uint8_t>(ring_bytes);
  void* const workspace = call.scratch(resizer.workspace_bytes());
  if (rows.ring == nullptr || workspace == nullptr) return call.out_of_scratch(ring_bytes);
  RowSource source;
  source.base = rows.ring + decoder.offset();
  source.stride = decoder.row_bytes();
  source.ring = rows.ring_rows;
  source.advance = DecodedRows::advance;
  source.self = &rows;
  return resizer.resize_rows(call, source, 0, target.height, workspace);
}

}  // namespace cogway_image
