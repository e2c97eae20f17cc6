// SPDX-License-Identifier: Apache-2.0
#include "jpeg_header.hpp"

#include <cinttypes>
#include <cstring>

namespace cogway_image {
namespace {

// A file of an honest encoder has some tens; ICC profiles and previews are split into 64 KiB each.
constexpr int kMaxSegments = 4096;

struct Signature {
  std::size_t offset;
  const char* magic;
  std::size_t length;
  const char* name;
};
constexpr Signature kSignatures[] = {
    {0, "\x89PNG", 4, "a PNG"},
    {0, "GIF8", 4, "a GIF"},
    {8, "WEBP", 4, "a WebP"},
    {0, "BM", 2, "a BMP"},
    {0, "II*\0", 4, "a TIFF"},
    {0, "MM\0*", 4, "a TIFF"},
    {4, "ftypavif", 8, "an AVIF"},
    {4, "ftyphei", 7, "a HEIC"},
    {4, "ftypmif1", 8, "a HEIF"},
    {4, "ftyp", 4, "an MP4 video"},
    {0, "\0\0\0\x0cJXL ", 8, "a JPEG XL"},
    {0, "\xff\x0a", 2, "a JPEG XL"},
    {0, "\0\0\0\x0cjP  ", 8, "a JPEG 2000"},
    {0, "\xff\x4f\xff\x51", 4, "a JPEG 2000"},
    {0, "%PDF", 4, "a PDF"},
    {0, "\x1f\x8b", 2, "gzip data"},
    {0, "PK\x03\x04", 4, "a zip archive"},
    {0, "<svg", 4, "an SVG"},
    {0, "<?xml", 5, "XML"},
    {0, "<!DOCTYPE", 9, "HTML"},
    {0, "<html", 5, "HTML"},
    {0, "{", 1, "JSON"},
};

const char* looks_like(const std::uint8_t* data, std::size_t bytes) {
  for (const Signature& s : kSignatures) {
    if (bytes >= s.offset + s.length && std::memcmp(data + s.offset, s.magic, s.length) == 0) {
      return s.name;
    }
  }
  return nullptr;
}

std::int32_t fail_not_jpeg(const Call& call, const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return call.fail(COGWAY_DATA_LOSS, "not a JPEG: the input is empty");
  if (const char* name = looks_like(data, bytes); name != nullptr) {
    return call.fail(COGWAY_DATA_LOSS, "not a JPEG: the %zu bytes look like %s", bytes, name);
  }
  char hex[3 * 8 + 1] = {};
  static constexpr char kDigits[] = "0123456789abcdef";
  const std::size_t shown = bytes < 8 ? bytes : 8;
  for (std::size_t i = 0; i < shown; ++i) {
    hex[3 * i] = kDigits[data[i] >> 4];
    hex[3 * i + 1] = kDigits[data[i] & 15];
    hex[3 * i + 2] = ' ';
  }
  hex[3 * shown - 1] = '\0';
  return call.fail(COGWAY_DATA_LOSS, "not a JPEG: the %zu bytes begin with %s", bytes, hex);
}

unsigned big16(const std::uint8_t* p) { return (unsigned{p[0]} << 8) | p[1]; }

/// Orientation from a TIFF structure; 1 when there is none or it makes no sense.
std::int32_t exif_orientation(const std::uint8_t* tiff, std::size_t bytes) {
  if (bytes < 8) return 1;
  const bool big = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big && !(tiff[0] == 'I' && tiff[1] == 'I')) return 1;
  const auto u16 = [&](std::size_t at) {
    return big ? big16(tiff + at) : (unsigned{tiff[at + 1]} << 8) | tiff[at];
  };
  const auto u32 = [&](std::size_t at) {
    return big ? (u16(at) << 16) | u16(at + 2) : (u16(at + 2) << 16) | u16(at);
  };
  if (u16(2) != 42) return 1;
  const std::size_t directory = u32(4);
  if (directory > bytes - 2) return 1;
  const std::size_t entries = u16(directory);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + 12 * i;
    if (at + 12 > bytes) return 1;
    if (u16(at) != 0x0112) continue;
    const unsigned value = u16(at + 8);
    const bool is_short = u16(at + 2) == 3 && u32(at + 4) == 1;
    return is_short && value >= 1 && value <= 8 ? static_cast<std::int32_t>(value) : 1;
  }
  return 1;
}

bool is_frame(unsigned marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

const char* unsupported_process(unsigned marker) {
  switch (marker) {
    case 0xC3:
      return "lossless JPEG";
    case 0xC5:
    case 0xC6:
    case 0xC7:
      return "hierarchical JPEG";
    case 0xC9:
    case 0xCA:
    case 0xCB:
    case 0xCD:
    case 0xCE:
    case 0xCF:
      return "arithmetic-coded JPEG";
    default:
      return nullptr;
  }
}

std::int32_t read_frame(const Call& call, unsigned marker, const std::uint8_t* p,
                        std::size_t length, std::int64_t max_pixels, JpegHeader* header) {
  if (const char* process = unsupported_process(marker); process != nullptr) {
    return call.fail(COGWAY_UNIMPLEMENTED, "%s (SOF%u) is not supported", process, marker - 0xC0);
  }
  if (length < 6) return call.fail(COGWAY_DATA_LOSS, "JPEG frame header is cut short");
  const unsigned precision = p[0];
  header->height = big16(p + 1);
  header->width = big16(p + 3);
  header->components = p[5];
  header->progressive = marker == 0xC2;
  if (precision != 8) {
    return call.fail(COGWAY_UNIMPLEMENTED, "JPEG of %u bits per sample is not supported (only 8)",
                     precision);
  }
  if (header->width == 0 || header->height == 0) {
    return call.fail(COGWAY_DATA_LOSS, "JPEG says it is %" PRId64 "x%" PRId64 " pixels large",
                     header->width, header->height);
  }
  if (header->components != 1 && header->components != 3 && header->components != 4) {
    return call.fail(COGWAY_UNIMPLEMENTED, "JPEG of %d components is not supported (1, 3 or 4 are)",
                     header->components);
  }
  if (header->width * header->height > max_pixels) {
    return call.fail(COGWAY_RESOURCE_EXHAUSTED,
                     "JPEG is %" PRId64 "x%" PRId64 " = %" PRId64
                     " pixels, above max_pixels=%" PRId64,
                     header->width, header->height, header->width * header->height, max_pixels);
  }
  return COGWAY_OK;
}

}  // namespace

std::int32_t read_jpeg_header(const Call& call, const std::uint8_t* data, std::size_t bytes,
                              std::int64_t max_pixels, JpegHeader* header) {
  if (bytes < 3 || data[0] != 0xFF || data[1] != 0xD8 || data[2] != 0xFF) {
    return fail_not_jpeg(call, data, bytes);
  }
  *header = {};
  std::size_t at = 2;
  for (int segment = 0; segment < kMaxSegments; ++segment) {
    // libjpeg, too, looks over stray bytes between markers, and over fill bytes.
    const void* const next = at < bytes ? std::memchr(data + at, 0xFF, bytes - at) : nullptr;
    at = next == nullptr ? bytes
                         : static_cast<std::size_t>(static_cast<const std::uint8_t*>(next) - data);
    while (at < bytes && data[at] == 0xFF) ++at;
    if (at >= bytes) {
      return call.fail(COGWAY_DATA_LOSS, "truncated JPEG: %zu bytes end before the frame header",
                       bytes);
    }
    const unsigned marker = data[at++];
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) continue;
    if (marker == 0xD8 || marker == 0xD9 || marker == 0xDA) {
      return call.fail(COGWAY_DATA_LOSS, "JPEG has no frame header before marker 0x%02x", marker);
    }
    if (bytes - at < 2) {
      return call.fail(COGWAY_DATA_LOSS, "truncated JPEG: %zu bytes end inside marker 0x%02x",
                       bytes, marker);
    }
    const std::size_t length = big16(data + at);
    if (length < 2) {
      return call.fail(COGWAY_DATA_LOSS, "JPEG marker 0x%02x has the impossible length %zu", marker,
                       length);
    }
    if (bytes - at < length) {
      return call.fail(COGWAY_DATA_LOSS, "truncated JPEG: %zu bytes end inside marker 0x%02x",
                       bytes, marker);
    }
    const std::uint8_t* const body = data + at + 2;
    const std::size_t body_bytes = length - 2;
    if (is_frame(marker)) return read_frame(call, marker, body, body_bytes, max_pixels, header);
    if (marker == 0xE1 && body_bytes > 6 && std::memcmp(body, "Exif\0", 6) == 0) {
      header->orientation = exif_orientation(body + 6, body_bytes - 6);
    }
    at += length;
  }
  return call.fail(COGWAY_DATA_LOSS, "JPEG has more than %d segments before its frame header",
                   kMaxSegments);
}

}  // namespace cogway_image
