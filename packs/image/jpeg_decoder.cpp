// SPDX-License-Identifier: Apache-2.0
#include "jpeg_decoder.hpp"

#include <jerror.h>

#include <cinttypes>
#include <cstdlib>

namespace cogway_image {
namespace {

// More scans than any encoder writes: each costs a pass over the whole image, however few bytes it
// has.
constexpr int kMaxScans = 128;
// Fancy upsampling looks at the neighbouring chroma sample, two pixels away.
constexpr std::int64_t kUpsamplingReach = 2;

/// libjpeg takes whole columns out only where chroma is subsampled by whole numbers.
bool has_usual_sampling(const jpeg_decompress_struct& object) {
  if (object.num_components == 1) return true;
  for (int i = 0; i < object.num_components; ++i) {
    const jpeg_component_info& c = object.comp_info[i];
    const bool full =
        c.h_samp_factor == object.max_h_samp_factor && c.v_samp_factor == object.max_v_samp_factor;
    if (!full && (c.h_samp_factor != 1 || c.v_samp_factor != 1)) return false;
  }
  return object.max_h_samp_factor <= 2 && object.max_v_samp_factor <= 2;
}

/// x * y / 255, rounded.
unsigned multiply(unsigned x, unsigned y) {
  const unsigned t = x * y + 128;
  return ((t >> 8) + t) >> 8;
}

constexpr std::int32_t kCut = -1;  // no status: a fatal error for want of bytes, not reported yet

/// Where the last marker segment begins: what is left of a file that ends inside of it.
std::size_t last_segment(const std::uint8_t* data, std::size_t bytes) {
  for (std::size_t at = bytes < 2 ? 0 : bytes - 2; at > 0; --at) {
    const unsigned marker = data[at + 1];
    const bool inside_scan = marker == 0x00 || marker == 0xFF || (marker >= 0xD0 && marker <= 0xD7);
    if (data[at] == 0xFF && !inside_scan) return at;
  }
  return 0;
}

std::int32_t status_of(int message_code) {
  switch (message_code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      return COGWAY_RESOURCE_EXHAUSTED;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
      return COGWAY_UNIMPLEMENTED;
    default:
      return COGWAY_DATA_LOSS;
  }
}

}  // namespace

JpegDecoder& JpegDecoder::of_thread() noexcept {
  thread_local JpegDecoder decoder;
  return decoder;
}

JpegDecoder::JpegDecoder() noexcept = default;

JpegDecoder::~JpegDecoder() {
  if (created_) jpeg_destroy_decompress(&object_);
}

void JpegDecoder::on_error(j_common_ptr object) {
  std::longjmp(static_cast<Errors*>(object->err)->landing, 1);
}

void JpegDecoder::on_message(j_common_ptr object, int level) {
  if (level >= 0) return;  // a trace
  // A later JFIF revision than libjpeg knows of changes nothing in how pixels are coded.
  if (object->err->msg_code == JWRN_JFIF_MAJOR) return;
  ++object->err->num_warnings;
  if (!static_cast<Errors*>(object->err)->tolerant) on_error(object);
}

void JpegDecoder::on_progress(j_common_ptr object) {
  const auto* const decompress = static_cast<j_decompress_ptr>(static_cast<void*>(object));
  auto* const errors = static_cast<Errors*>(object->err);
  auto* const memory = static_cast<JpegMemory*>(object->client_data);
  if (memory->cancelled()) {
    errors->reason = Reason::cancelled;
    on_error(object);
  }
  if (decompress->input_scan_number > kMaxScans) {
    errors->reason = Reason::too_many_scans;
    on_error(object);
  }
}

boolean JpegDecoder::on_exhausted(j_decompress_ptr object) {
  static_cast<Errors*>(object->err)->exhausted = true;
  static const JOCTET kEnd[] = {0xFF, JPEG_EOI};
  object->err->msg_code = JWRN_JPEG_EOF;
  object->err->emit_message(static_cast<j_common_ptr>(static_cast<void*>(object)), -1);
  object->src->next_input_byte =
      kEnd;  // a damaged end is tolerated: whoever reads on meets it again
  object->src->bytes_in_buffer = sizeof(kEnd);
  return TRUE;
}

void JpegDecoder::on_skip(j_decompress_ptr object, long bytes) {
  if (bytes <= 0) return;
  const auto count = static_cast<std::size_t>(bytes);
  if (count > object->src->bytes_in_buffer) {
    on_exhausted(object);
    return;
  }
  object->src->next_input_byte += count;
  object->src->bytes_in_buffer -= count;
}

bool JpegDecoder::create() noexcept {
  if (created_) return true;
  object_.err = jpeg_std_error(&errors_);
  errors_.error_exit = on_error;
  errors_.emit_message = on_message;
  if (setjmp(errors_.landing) != 0) return false;
  jpeg_create_decompress(&object_);
  created_ = true;
  object_.client_data = &memory_;
  memory_.install(static_cast<j_common_ptr>(static_cast<void*>(&object_)));
  source_.init_source = [](j_decompress_ptr) {};
  source_.term_source = [](j_decompress_ptr) {};
  source_.fill_input_buffer = on_exhausted;
  source_.skip_input_data = on_skip;
  source_.resync_to_restart = jpeg_resync_to_restart;
  progress_ = {};
  progress_.progress_monitor = on_progress;
  object_.src = &source_;
  object_.progress = &progress_;
  return true;
}

std::int32_t JpegDecoder::failure() noexcept {
  const Call* const call = call_;
  const Reason reason = errors_.reason;
  char text[JMSG_LENGTH_MAX];
  errors_.format_message(static_cast<j_common_ptr>(static_cast<void*>(&object_)), text);
  const int code = errors_.msg_code;
  close();
  switch (reason) {
    case Reason::cancelled:
      return call->cancelled_status();
    case Reason::too_many_scans:
      return call->fail(COGWAY_DATA_LOSS, "progressive JPEG has more than %d scans", kMaxScans);
    case Reason::changed:
      return call->fail(COGWAY_FAILED_PRECONDITION,
                        "JPEG changed between the call and its execution");
    case Reason::components:
      return call->fail(COGWAY_UNIMPLEMENTED,
                        "JPEG in a colour space that is neither grayscale, RGB, YCbCr, CMYK nor "
                        "YCCK is not supported");
    case Reason::libjpeg:
      break;
  }
  if (code == JWRN_JPEG_EOF || code == JERR_INPUT_EOF || code == JERR_INPUT_EMPTY) {
    return call->fail(COGWAY_DATA_LOSS, "truncated JPEG: %s (allow_truncated keeps what is there)",
                      text);
  }
  if (code == JERR_OUT_OF_MEMORY) {
    return call->fail(COGWAY_RESOURCE_EXHAUSTED, "no scratch memory left for decoding the JPEG");
  }
  return call->fail(status_of(code), "libjpeg: %s", text);
}

std::int32_t JpegDecoder::open(const Call& call, const std::uint8_t* data, std::size_t bytes,
                               const JpegHeader& header, const Options& options,
                               const Region& region) {
  if (!create()) return call.fail(COGWAY_RESOURCE_EXHAUSTED, "libjpeg cannot be initialised");
  std::int32_t status = attempt(call, data, bytes, header, options, region);
  if (status == kCut) {
    // The file ends inside the head of a segment, say of a later scan: what came before it is kept.
    status = attempt(call, data, last_segment(data, bytes), header, options, region);
  }
  return status == kCut ? failure() : status;
}

std::int32_t JpegDecoder::attempt(const Call& call, const std::uint8_t* data, std::size_t bytes,
                                  const JpegHeader& header, const Options& options,
                                  const Region& region) {
  close();
  call_ = &call;
  memory_.begin(&call);
  errors_.tolerant = options.allow_truncated;
  errors_.exhausted = false;
  errors_.reason = Reason::libjpeg;
  errors_.num_warnings = 0;
  errors_.msg_code = 0;
  source_.next_input_byte = data;
  source_.bytes_in_buffer = bytes;
  // Tables of the image before, which an abbreviated stream would go on with, are gone with its
  // memory.
  for (JQUANT_TBL*& table : object_.quant_tbl_ptrs) table = nullptr;
  for (JHUFF_TBL*& table : object_.dc_huff_tbl_ptrs) table = nullptr;
  for (JHUFF_TBL*& table : object_.ac_huff_tbl_ptrs) table = nullptr;
  if (setjmp(errors_.landing) != 0) {
    const bool cut = errors_.tolerant && errors_.exhausted && errors_.reason == Reason::libjpeg &&
                     errors_.msg_code != JERR_OUT_OF_MEMORY;
    return cut ? kCut : failure();
  }
  begin_image(header, options, region);
  return COGWAY_OK;
}

void JpegDecoder::begin_image(const JpegHeader& header, const Options& options,
                              const Region& region) {
  jpeg_read_header(&object_, TRUE);
  const auto object = static_cast<j_common_ptr>(static_cast<void*>(&object_));
  if (object_.image_width != header.width || object_.image_height != header.height ||
      object_.num_components != header.components) {
    errors_.reason = Reason::changed;
    on_error(object);
  }
  if (object_.jpeg_color_space == JCS_UNKNOWN) {
    errors_.reason = Reason::components;
    on_error(object);
  }
  grayscale_ = options.grayscale;
  cmyk_ = object_.num_components == 4;
  inverted_ = object_.saw_Adobe_marker != FALSE;
  object_.out_color_space = cmyk_ ? JCS_CMYK : grayscale_ ? JCS_GRAYSCALE : JCS_RGB;
  object_.scale_num = 1;
  object_.scale_denom = static_cast<unsigned>(options.denominator);
  object_.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&object_);
  offset_ = 0;
  decoded_width_ = object_.output_width;
  const bool partial_decode = has_usual_sampling(object_);
  const std::int64_t pixel = grayscale_ ? 1 : 3;
  if (partial_decode) {
    skip_columns(region);
  } else {
    offset_ = region.x * pixel;
  }
  row_bytes_ = decoded_width_ * (cmyk_ ? 4 : pixel);
  if (region.y > 0 && partial_decode) {
    jpeg_skip_scanlines(&object_, static_cast<JDIMENSION>(region.y));
  } else {
    discard_rows(region.y);
  }
}

void JpegDecoder::skip_columns(const Region& region) {
  const std::int64_t first = region.x > kUpsamplingReach ? region.x - kUpsamplingReach : 0;
  std::int64_t last = region.x + region.width + kUpsamplingReach;
  if (last > decoded_width_) last = decoded_width_;
  if (first == 0 && last == decoded_width_) {
    offset_ = region.x * (grayscale_ ? 1 : 3);
    return;
  }
  auto x = static_cast<JDIMENSION>(first);
  auto width = static_cast<JDIMENSION>(last - first);
  jpeg_crop_scanline(&object_, &x, &width);
  decoded_width_ = width;
  offset_ = (region.x - x) * (grayscale_ ? 1 : 3);
}

void JpegDecoder::discard_rows(std::int64_t count) {
  auto* const row = static_cast<JSAMPROW>(memory_.take(static_cast<std::size_t>(row_bytes_)));
  if (row == nullptr) {
    errors_.msg_code = JERR_OUT_OF_MEMORY;
    on_error(static_cast<j_common_ptr>(static_cast<void*>(&object_)));
  }
  JSAMPROW row_list[] = {row};
  for (std::int64_t y = 0; y < count; ++y) decode_some(row_list, 1);
}

std::int32_t JpegDecoder::read_rows(std::uint8_t* const* targets, std::int64_t count) {
  if (call_->cancelled()) {
    const Call* const call = call_;
    close();
    return call->cancelled_status();
  }
  if (setjmp(errors_.landing) != 0) return failure();
  decode_rows(targets, count);
  return COGWAY_OK;
}

void JpegDecoder::decode_rows(std::uint8_t* const* targets, std::int64_t count) {
  // libjpeg declares its targets without const and writes through the rows alone.
  auto* const rows = const_cast<JSAMPARRAY>(targets);
  for (std::int64_t done = 0; done < count;) done += decode_some(rows + done, count - done);
  if (!cmyk_) return;
  for (std::int64_t y = 0; y < count; ++y) convert_cmyk(targets[y]);
}

std::int64_t JpegDecoder::decode_some(JSAMPARRAY rows, std::int64_t count) {
  const JDIMENSION done = jpeg_read_scanlines(&object_, rows, static_cast<JDIMENSION>(count));
  if (done == 0) {  // a region beyond the image would wait here for ever
    errors_.reason = Reason::changed;
    on_error(static_cast<j_common_ptr>(static_cast<void*>(&object_)));
  }
  return done;
}

void JpegDecoder::convert_cmyk(std::uint8_t* row) const noexcept {
  // In place: what is written never passes what is still to be read.
  const unsigned flip = inverted_ ? 0 : 255;
  for (std::int64_t x = 0; x < decoded_width_; ++x) {
    const std::uint8_t* const from = row + 4 * x;
    // Light that passes each ink and black.
    const unsigned black = from[3] ^ flip;
    const unsigned r = multiply(from[0] ^ flip, black);
    const unsigned g = multiply(from[1] ^ flip, black);
    const unsigned b = multiply(from[2] ^ flip, black);
    if (grayscale_) {
      row[x] = static_cast<std::uint8_t>((77 * r + 150 * g + 29 * b + 128) >> 8);
    } else {
      row[3 * x] = static_cast<std::uint8_t>(r);
      row[3 * x + 1] = static_cast<std::uint8_t>(g);
      row[3 * x + 2] = static_cast<std::uint8_t>(b);
    }
  }
}

void JpegDecoder::close() noexcept {
  if (call_ == nullptr) return;
  jpeg_abort_decompress(&object_);
  memory_.end();
  call_ = nullptr;
}

}  // namespace cogway_image
