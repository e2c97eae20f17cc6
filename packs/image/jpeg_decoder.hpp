// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decodes the rows of a part of a JPEG image, at 1/1, 1/2, 1/4 or 1/8 of its size, through libjpeg:
// rows above the part are skipped without an inverse transform, columns beside it likewise. Gives
// rows as stored; orientation is the caller's.
//
// libjpeg reports errors by longjmp. Each method that calls it sets its own landing point and holds
// nothing with a destructor there; a jump never crosses a frame of any other function of the pack.
//
// Threads: one decoder a thread (of_thread); a kernel must not call parallel_for between open and
// close, for the body of another call could run on this thread meanwhile.
// Ownership: memory is the call's scratch memory; the input is borrowed until close().

#include <csetjmp>
#include <cstddef>
#include <cstdint>

#include "call.hpp"
#include "jpeg_header.hpp"
#include "jpeg_memory.hpp"

namespace cogway_image {

struct Region {
  std::int64_t y = 0;
  std::int64_t x = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Length of a side of size pixels, decoded at 1/denominator.
[[nodiscard]] constexpr std::int64_t scaled_length(std::int64_t size, int denominator) noexcept {
  return (size + denominator - 1) / denominator;
}

class JpegDecoder {
 public:
  static JpegDecoder& of_thread() noexcept;
  ~JpegDecoder();
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  struct Options {
    int denominator = 1;           ///< 1, 2, 4 or 8
    bool grayscale = false;        ///< one channel instead of three
    bool allow_truncated = false;  ///< keep what a damaged or truncated file gives
  };

  /// Reads the header and makes ready to decode region (of the scaled image). header is what
  /// read_jpeg_header said of the same bytes.
  std::int32_t open(const Call& call, const std::uint8_t* data, std::size_t bytes,
                    const JpegHeader& header, const Options& options, const Region& region);

  /// Decodes the next count rows. Each target takes row_bytes() bytes, of which the region's pixels
  /// (3 bytes each, 1 if grayscale) begin at offset(): columns are decoded by whole blocks.
  std::int32_t read_rows(std::uint8_t* const* targets, std::int64_t count);
  [[nodiscard]] std::int64_t row_bytes() const noexcept { return row_bytes_; }
  [[nodiscard]] std::int64_t offset() const noexcept { return offset_; }

  /// Forgets the input. Called by the next open(), too.
  void close() noexcept;

 private:
  JpegDecoder() noexcept;

  enum class Reason { libjpeg, cancelled, too_many_scans, changed, components };
  struct Errors : jpeg_error_mgr {
    std::jmp_buf landing;
    bool tolerant;
    bool exhausted;  ///< the source has come to its end
    Reason reason;
  };

  [[noreturn]] static void on_error(j_common_ptr object);
  static void on_message(j_common_ptr object, int level);
  static void on_progress(j_common_ptr object);
  static boolean on_exhausted(j_decompress_ptr object);
  static void on_skip(j_decompress_ptr object, long bytes);

  std::int32_t failure() noexcept;
  bool create() noexcept;
  std::int32_t attempt(const Call& call, const std::uint8_t* data, std::size_t bytes,
                       const JpegHeader& header, const Options& options, const Region& region);
  void begin_image(const JpegHeader& header, const Options& options, const Region& region);
  void skip_columns(const Region& region);
  void discard_rows(std::int64_t count);
  void decode_rows(std::uint8_t* const* targets, std::int64_t count);
  std::int64_t decode_some(JSAMPARRAY rows, std::int64_t count);
  void convert_cmyk(std::uint8_t* row) const noexcept;

  JpegMemory memory_;  // libjpeg's client_data points here
  jpeg_decompress_struct object_;
  Errors errors_;
  jpeg_source_mgr source_;
  jpeg_progress_mgr progress_;
  const Call* call_ = nullptr;
  std::int64_t row_bytes_ = 0;
  std::int64_t offset_ = 0;
  std::int64_t decoded_width_ = 0;
  bool cmyk_ = false;      ///< rows arrive with 4 bytes a pixel
  bool inverted_ = false;  ///< Adobe's CMYK: 255 is no ink
  bool grayscale_ = false;
  bool created_ = false;
};

}  // namespace cogway_image
