// SPDX-License-Identifier: Apache-2.0
#pragma once
// Encodes rows of bytes as a JPEG into memory of a fixed size, through libjpeg. Errors as in
// JpegDecoder: by longjmp to the method that called libjpeg.
//
// Threads: one encoder a thread (of_thread); no parallel_for between begin and finish.
// Ownership: memory is the call's scratch memory; the output is the caller's.

#include <csetjmp>
#include <cstddef>
#include <cstdint>

#include "call.hpp"
#include "jpeg_memory.hpp"

namespace cogway_image {

struct EncodeOptions {
  int quality = 90;
  int horizontal_sampling = 2;  ///< of luma, chroma being 1
  int vertical_sampling = 2;
  bool progressive = false;
  bool optimize = false;
};

/// An upper bound of the bytes of a JPEG: TurboJPEG's, and with it what encode_jpeg may need.
[[nodiscard]] std::int64_t jpeg_bound(std::int64_t height, std::int64_t width,
                                      std::int64_t channels) noexcept;

/// Gives row y of the image, packed pixels, any time until the call ends.
struct EncoderRows {
  const std::uint8_t* base = nullptr;
  std::int64_t stride = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;  ///< 1 or 3
};

class JpegEncoder {
 public:
  static JpegEncoder& of_thread() noexcept;
  ~JpegEncoder();
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  /// Encodes rows into out; *written is how many bytes it took.
  std::int32_t encode(const Call& call, const EncoderRows& rows, const EncodeOptions& options,
                      std::uint8_t* out, std::size_t capacity, std::size_t* written);

 private:
  JpegEncoder() noexcept = default;

  struct Errors : jpeg_error_mgr {
    std::jmp_buf landing;
    bool cancelled;
    bool overflow;
  };

  [[noreturn]] static void on_error(j_common_ptr object);
  static void on_message(j_common_ptr object, int level);
  static boolean on_full(j_compress_ptr object);
  static void on_progress(j_common_ptr object);

  bool create() noexcept;
  void set_up(const EncoderRows& rows, const EncodeOptions& options);
  void write(const EncoderRows& rows);
  std::int32_t attempt(const Call& call, const EncoderRows& rows, const EncodeOptions& options,
                       std::uint8_t* out, std::size_t capacity, std::size_t* written);

  JpegMemory memory_;
  jpeg_compress_struct object_;
  Errors errors_;
  jpeg_destination_mgr target_;
  jpeg_progress_mgr progress_;
  bool created_ = false;
};

}  // namespace cogway_image
