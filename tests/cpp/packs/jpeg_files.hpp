// SPDX-License-Identifier: Apache-2.0
#pragma once
// JPEG files for the tests of the image pack, written and read by plain libjpeg code that has
// nothing in common with the pack: what the kernels give is compared with what this says.

#include <cstddef>
#include <cstdint>
// clang-format off: jpeglib.h uses FILE without asking for it.
#include <cstdio>
#include <jpeglib.h>
// clang-format on
#include <cstdlib>
#include <cstring>
#include <vector>

#include "pack_host.hpp"

namespace jpeg_files {

using Bytes = std::vector<std::uint8_t>;

/// A picture with edges, gradients and noise in every channel, the same for the same arguments.
inline Bytes picture(int height, int width, int channels, unsigned seed = 1) {
  Bytes pixels(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
               static_cast<std::size_t>(channels));
  std::uint32_t state = seed * 2654435761U + 12345U;
  std::size_t i = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        state = state * 1664525U + 1013904223U;
        const int noise = static_cast<int>(state >> 27);
        const int edge = ((x / 13 + y / 9 + c) % 3) * 60;
        pixels[i++] = static_cast<std::uint8_t>((x * (c + 1) + 2 * y + edge + noise) % 256);
      }
    }
  }
  return pixels;
}

/// The same without noise: compresses well, survives chroma subsampling.
inline Bytes gradient(int height, int width, int channels) {
  Bytes pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const int v = c == 0 ? x * 255 / width : c == 1 ? y * 255 / height : 128;
        pixels.push_back(static_cast<std::uint8_t>(v));
      }
    }
  }
  return pixels;
}

struct WriteOptions {
  J_COLOR_SPACE from = JCS_RGB;
  J_COLOR_SPACE to = JCS_YCbCr;
  int quality = 90;
  int h = 2, v = 2;  ///< luma sampling
  bool progressive = false;
  bool arithmetic = false;
  int restart_rows = 0;
  bool adobe = false;
  int orientation = 0;  ///< 0: no EXIF
};

inline Bytes exif(int orientation, bool big_endian) {
  Bytes b = {'E', 'x', 'i', 'f', 0, 0};
  if (big_endian) {
    b.insert(b.end(), {'M',  'M',  0, 42, 0, 0, 0, 8, 0, 1,
                       0x01, 0x12, 0, 3,  0, 0, 0, 1, 0, static_cast<std::uint8_t>(orientation),
                       0,    0,    0, 0,  0, 0});
  } else {
    b.insert(b.end(), {'I',
                       'I',
                       42,
                       0,
                       8,
                       0,
                       0,
                       0,
                       1,
                       0,
                       0x12,
                       0x01,
                       3,
                       0,
                       1,
                       0,
                       0,
                       0,
                       static_cast<std::uint8_t>(orientation),
                       0,
                       0,
                       0,
                       0,
                       0,
                       0,
                       0});
  }
  return b;
}

inline Bytes write(const Bytes& pixels, int height, int width, const WriteOptions& options = {}) {
  jpeg_compress_struct c;
  jpeg_error_mgr errors;
  c.err = jpeg_std_error(&errors);
  jpeg_create_compress(&c);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&c, &memory, &size);
  const int channels = options.from == JCS_GRAYSCALE ? 1 : options.from == JCS_CMYK ? 4 : 3;
  c.image_height = static_cast<JDIMENSION>(height);
  c.image_width = static_cast<JDIMENSION>(width);
  c.input_components = channels;
  c.in_color_space = options.from;
  jpeg_set_defaults(&c);
  jpeg_set_colorspace(&c, options.to);
  jpeg_set_quality(&c, options.quality, TRUE);
  if (channels > 1) {
    c.comp_info[0].h_samp_factor = options.h;
    c.comp_info[0].v_samp_factor = options.v;
    if (options.to == JCS_YCCK || options.to == JCS_CMYK) {
      c.comp_info[3].h_samp_factor = options.h;
      c.comp_info[3].v_samp_factor = options.v;
    }
  }
  if (options.progressive) jpeg_simple_progression(&c);
  c.arith_code = options.arithmetic ? TRUE : FALSE;
  c.restart_in_rows = options.restart_rows;
  c.write_Adobe_marker = options.adobe ? TRUE : FALSE;
  jpeg_start_compress(&c, TRUE);
  if (options.orientation != 0) {
    const Bytes marker = exif(options.orientation, options.orientation % 2 == 0);
    jpeg_write_marker(&c, JPEG_APP0 + 1, marker.data(), static_cast<unsigned>(marker.size()));
  }
  while (c.next_scanline < c.image_height) {
    JSAMPROW row =
        const_cast<JSAMPROW>(pixels.data() + static_cast<std::size_t>(c.next_scanline) *
                                                 static_cast<std::size_t>(width * channels));
    jpeg_write_scanlines(&c, &row, 1);
  }
  jpeg_finish_compress(&c);
  jpeg_destroy_compress(&c);
  Bytes file(memory, memory + size);
  std::free(memory);
  return file;
}

struct Image {
  int height = 0, width = 0, channels = 0;
  Bytes pixels;

  [[nodiscard]] const std::uint8_t* at(int y, int x) const {
    return pixels.data() + (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                            static_cast<std::size_t>(x)) *
                               static_cast<std::size_t>(channels);
  }
};

/// Decodes all of a file at 1/denominator.
inline Image read(const Bytes& file, J_COLOR_SPACE space = JCS_RGB, unsigned denominator = 1) {
  jpeg_decompress_struct d;
  jpeg_error_mgr errors;
  d.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&d);
  jpeg_mem_src(&d, file.data(), file.size());
  jpeg_read_header(&d, TRUE);
  d.out_color_space = space;
  d.scale_denom = denominator;
  jpeg_start_decompress(&d);
  Image image;
  image.height = static_cast<int>(d.output_height);
  image.width = static_cast<int>(d.output_width);
  image.channels = d.output_components;
  const std::size_t stride = std::size_t{d.output_width} * static_cast<std::size_t>(image.channels);
  image.pixels.resize(stride * d.output_height);
  while (d.output_scanline < d.output_height) {
    JSAMPROW row = image.pixels.data() + stride * d.output_scanline;
    jpeg_read_scanlines(&d, &row, 1);
  }
  jpeg_finish_decompress(&d);
  jpeg_destroy_decompress(&d);
  return image;
}

inline pack_host::Array array(Bytes bytes) {
  const auto n = static_cast<std::int64_t>(bytes.size());
  return {std::move(bytes), {n}, {COGWAY_UINT, 8, 1}};
}

inline pack_host::Array array(Bytes pixels, std::int64_t height, std::int64_t width,
                              std::int64_t channels) {
  return {std::move(pixels),
          channels == 0 ? std::vector<std::int64_t>{height, width}
                        : std::vector<std::int64_t>{height, width, channels},
          {COGWAY_UINT, 8, 1}};
}

/// Index of the first byte after the header of the first marker of this kind; 0 when there is none.
inline std::size_t find_marker(const Bytes& file, unsigned marker) {
  for (std::size_t at = 2; at + 4 < file.size();) {
    if (file[at] != 0xFF) return 0;
    if (file[at + 1] == marker) return at + 4;
    at += 2 + ((std::size_t{file[at + 2]} << 8) | file[at + 3]);
  }
  return 0;
}

}  // namespace jpeg_files
