// SPDX-License-Identifier: Apache-2.0
#include "jpeg_encoder.hpp"

#include <jerror.h>

namespace cogway_image {
namespace {

j_common_ptr common(jpeg_compress_struct* object) {
  return static_cast<j_common_ptr>(static_cast<void*>(object));
}

}  // namespace

std::int64_t jpeg_bound(std::int64_t height, std::int64_t width, std::int64_t channels) noexcept {
  // Two bytes a sample, all planes padded to whole blocks of the largest sampling, and the headers.
  const std::int64_t padded = ((height + 15) / 16 * 16) * ((width + 15) / 16 * 16);
  return padded * channels * 2 + 2048;
}

JpegEncoder& JpegEncoder::of_thread() noexcept {
  thread_local JpegEncoder encoder;
  return encoder;
}

JpegEncoder::~JpegEncoder() {
  if (created_) jpeg_destroy_compress(&object_);
}

void JpegEncoder::on_error(j_common_ptr object) {
  std::longjmp(static_cast<Errors*>(object->err)->landing, 1);
}

void JpegEncoder::on_message(j_common_ptr /*object*/, int /*level*/) {}

boolean JpegEncoder::on_full(j_compress_ptr object) {
  static_cast<Errors*>(object->err)->overflow = true;
  on_error(common(object));
}

void JpegEncoder::on_progress(j_common_ptr object) {
  if (!static_cast<JpegMemory*>(object->client_data)->cancelled()) return;
  static_cast<Errors*>(object->err)->cancelled = true;
  on_error(object);
}

bool JpegEncoder::create() noexcept {
  if (created_) return true;
  object_.err = jpeg_std_error(&errors_);
  errors_.error_exit = on_error;
  errors_.emit_message = on_message;
  if (setjmp(errors_.landing) != 0) return false;
  jpeg_create_compress(&object_);
  created_ = true;
  object_.client_data = &memory_;
  memory_.install(common(&object_));
  target_.init_destination = [](j_compress_ptr) {};
  target_.empty_output_buffer = on_full;
  target_.term_destination = [](j_compress_ptr) {};
  progress_ = {};
  progress_.progress_monitor = on_progress;
  object_.dest = &target_;
  object_.progress = &progress_;
  return true;
}

void JpegEncoder::set_up(const EncoderRows& rows, const EncodeOptions& options) {
  // What the call before had made is gone with its memory.
  object_.comp_info = nullptr;
  object_.script_space = nullptr;
  object_.script_space_size = 0;
  for (JQUANT_TBL*& table : object_.quant_tbl_ptrs) table = nullptr;
  for (JHUFF_TBL*& table : object_.dc_huff_tbl_ptrs) table = nullptr;
  for (JHUFF_TBL*& table : object_.ac_huff_tbl_ptrs) table = nullptr;
  object_.image_height = static_cast<JDIMENSION>(rows.height);
  object_.image_width = static_cast<JDIMENSION>(rows.width);
  object_.input_components = static_cast<int>(rows.channels);
  object_.in_color_space = rows.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&object_);
  object_.dct_method = JDCT_ISLOW;
  jpeg_set_quality(&object_, options.quality, TRUE);
  if (rows.channels == 3) {
    object_.comp_info[0].h_samp_factor = options.horizontal_sampling;
    object_.comp_info[0].v_samp_factor = options.vertical_sampling;
  }
  object_.optimize_coding = options.optimize ? TRUE : FALSE;
  if (options.progressive) jpeg_simple_progression(&object_);
}

void JpegEncoder::write(const EncoderRows& rows) {
  jpeg_start_compress(&object_, TRUE);
  while (object_.next_scanline < object_.image_height) {
    const std::int64_t y = object_.next_scanline;
    // libjpeg declares its rows without const and only reads them.
    JSAMPROW row = const_cast<JSAMPROW>(rows.base + y * rows.stride);
    jpeg_write_scanlines(&object_, &row, 1);
  }
  jpeg_finish_compress(&object_);
}

std::int32_t JpegEncoder::attempt(const Call& call, const EncoderRows& rows,
                                  const EncodeOptions& options, std::uint8_t* out,
                                  std::size_t capacity, std::size_t* written) {
  memory_.begin(&call);
  errors_.cancelled = false;
  errors_.overflow = false;
  target_.next_output_byte = out;
  target_.free_in_buffer = capacity;
  if (setjmp(errors_.landing) != 0) {
    char text[JMSG_LENGTH_MAX];
    errors_.format_message(common(&object_), text);
    jpeg_abort_compress(&object_);
    memory_.end();
    if (errors_.cancelled) return call.cancelled_status();
    if (errors_.overflow) {
      return call.fail(COGWAY_RESOURCE_EXHAUSTED, "JPEG does not fit its bound of %zu bytes",
                       capacity);
    }
    if (errors_.msg_code == JERR_OUT_OF_MEMORY) {
      return call.fail(COGWAY_RESOURCE_EXHAUSTED, "no scratch memory left for encoding the JPEG");
    }
    return call.fail(COGWAY_INTERNAL, "libjpeg: %s", text);
  }
  set_up(rows, options);
  write(rows);
  *written = capacity - target_.free_in_buffer;
  memory_.end();
  return COGWAY_OK;
}

std::int32_t JpegEncoder::encode(const Call& call, const EncoderRows& rows,
                                 const EncodeOptions& options, std::uint8_t* out,
                                 std::size_t capacity, std::size_t* written) {
  if (!create()) return call.fail(COGWAY_RESOURCE_EXHAUSTED, "libjpeg cannot be initialised");
  std::int32_t status = attempt(call, rows, options, out, capacity, written);
  if (status == COGWAY_RESOURCE_EXHAUSTED && errors_.overflow && !options.optimize) {
    // Noise at the highest quality can outgrow the bound with the standard Huffman tables; with
    // tables of its own it cannot.
    EncodeOptions tighter = options;
    tighter.optimize = true;
    status = attempt(call, rows, tighter, out, capacity, written);
  }
  return status;
}

}  // namespace cogway_image
