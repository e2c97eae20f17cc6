// SPDX-License-Identifier: Apache-2.0
// image.decode against plain libjpeg: every sampling, scale, crop and orientation.
#include <doctest/doctest.h>

#include "jpeg_files.hpp"

using namespace pack_host;
using namespace jpeg_files;

namespace {

const PackHost& host() {
  static const PackHost h(COGWAY_IMAGE_PACK);
  return h;
}

using Ints = std::vector<std::int64_t>;

/// Where pixel (r, c) of the upright image is stored, spelt out.
std::pair<int, int> stored_place(int orientation, int r, int c, int height, int width) {
  switch (orientation) {
    case 2:
      return {r, width - 1 - c};
    case 3:
      return {height - 1 - r, width - 1 - c};
    case 4:
      return {height - 1 - r, c};
    case 5:
      return {c, r};
    case 6:
      return {height - 1 - c, r};
    case 7:
      return {height - 1 - c, width - 1 - r};
    case 8:
      return {c, width - 1 - r};
    default:
      return {r, c};
  }
}

}  // namespace

TEST_CASE("decode gives libjpeg's pixels for every sampling, colour and scale") {
  struct Sampling {
    int h, v;
  };
  for (const Sampling s : {Sampling{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}}) {
    for (const bool progressive : {false, true}) {
      for (const int width : {1, 15, 16, 17, 131}) {
        const int height = 70;
        WriteOptions options;
        options.h = s.h;
        options.v = s.v;
        options.progressive = progressive;
        const Bytes file = write(picture(height, width, 3), height, width, options);
        for (const int scale : {1, 2, 4, 8}) {
          CAPTURE(s.h);
          CAPTURE(s.v);
          CAPTURE(width);
          CAPTURE(scale);
          const Image rgb = read(file, JCS_RGB, static_cast<unsigned>(scale));
          const Result r = host().call("image.decode", array(file), {{"scale", scale}});
          REQUIRE(r.status == COGWAY_OK);
          CHECK(r.output.shape == Ints{rgb.height, rgb.width, 3});
          CHECK(r.output.bytes == rgb.pixels);
          const Image gray = read(file, JCS_GRAYSCALE, static_cast<unsigned>(scale));
          const Result g =
              host().call("image.decode", array(file), {{"scale", scale}, {"color", "gray"}});
          REQUIRE(g.status == COGWAY_OK);
          CHECK(g.output.shape == Ints{gray.height, gray.width});
          CHECK(g.output.bytes == gray.pixels);
        }
      }
    }
  }
}

TEST_CASE("a crop is that part of the whole image, to the bit") {
  std::uint32_t state = 99;
  const auto draw = [&](int below) {
    state = state * 1664525U + 1013904223U;
    return static_cast<int>((state >> 8) % static_cast<std::uint32_t>(below));
  };
  for (const int h : {1, 2, 4}) {
    for (const int v : {1, 2}) {
      for (const bool progressive : {false, true}) {
        const int height = 90;
        const int width = 123;
        WriteOptions options;
        options.h = h;
        options.v = v;
        options.progressive = progressive;
        options.restart_rows = progressive ? 0 : 2;
        const Bytes file = write(picture(height, width, 3), height, width, options);
        const Image whole = read(file);
        for (int round = 0; round < 60; ++round) {
          const int top = draw(height);
          const int left = draw(width);
          const int rows = 1 + draw(height - top);
          const int columns = 1 + draw(width - left);
          CAPTURE(top);
          CAPTURE(left);
          CAPTURE(rows);
          CAPTURE(columns);
          CAPTURE(h);
          CAPTURE(v);
          const Result r =
              host().call("image.decode", array(file), {{"crop", Ints{top, left, rows, columns}}});
          REQUIRE(r.status == COGWAY_OK);
          REQUIRE(r.output.shape == Ints{rows, columns, 3});
          int different = 0;
          for (int y = 0; y < rows; ++y) {
            different +=
                std::memcmp(r.output.bytes.data() + y * columns * 3, whole.at(top + y, left),
                            static_cast<std::size_t>(columns) * 3) != 0;
          }
          REQUIRE(different == 0);
        }
      }
    }
  }
}

TEST_CASE("a crop at a scale holds every scaled pixel that it touches") {
  const Bytes file = write(picture(200, 300, 3), 200, 300);
  const Image half = read(file, JCS_RGB, 2);
  const Result r =
      host().call("image.decode", array(file), {{"scale", 2}, {"crop", Ints{51, 31, 80, 101}}});
  REQUIRE(r.status == COGWAY_OK);
  REQUIRE(r.output.shape == Ints{41, 51, 3});  // rows 25 to 65, columns 15 to 65
  for (int y = 0; y < 41; ++y) {
    REQUIRE(std::memcmp(r.output.bytes.data() + y * 51 * 3, half.at(25 + y, 15), 51 * 3) == 0);
  }
}

TEST_CASE("size chooses the smallest scale that is still as large") {
  const Bytes file = write(picture(400, 600, 3), 400, 600);
  const auto shape = [&](std::int64_t height, std::int64_t width) {
    return host().call("image.decode", array(file), {{"size", Ints{height, width}}}).output.shape;
  };
  CHECK(shape(50, 75) == Ints{50, 75, 3});
  CHECK(shape(51, 75) == Ints{100, 150, 3});
  CHECK(shape(50, 76) == Ints{100, 150, 3});
  CHECK(shape(200, 300) == Ints{200, 300, 3});
  CHECK(shape(300, 100) == Ints{400, 600, 3});
  CHECK(shape(1000, 1000) == Ints{400, 600, 3});
  const Result both =
      host().call("image.decode", array(file), {{"size", Ints{50, 50}}, {"scale", 2}});
  CHECK(both.status == COGWAY_INVALID_ARGUMENT);
  CHECK(both.message == "scale and size exclude each other");
}

TEST_CASE("the eight orientations come out upright, crops and scales too") {
  const int height = 61;
  const int width = 94;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    WriteOptions options;
    options.orientation = orientation;
    const Bytes file = write(picture(height, width, 3), height, width, options);
    const Image stored = read(file);
    const bool turned = orientation >= 5;
    const int upright_height = turned ? width : height;
    const int upright_width = turned ? height : width;
    const Ints box = {7, 9, 30, 41};
    const Result whole = host().call("image.decode", array(file), {});
    const Result part = host().call("image.decode", array(file), {{"crop", box}});
    const Result as_is = host().call("image.decode", array(file), {{"orient", false}});
    REQUIRE(whole.status == COGWAY_OK);
    REQUIRE(part.status == COGWAY_OK);
    CHECK(whole.output.shape == Ints{upright_height, upright_width, 3});
    CHECK(part.output.shape == Ints{30, 41, 3});
    CHECK(as_is.output.bytes == stored.pixels);
    int different = 0;
    for (int r = 0; r < upright_height; ++r) {
      for (int c = 0; c < upright_width; ++c) {
        const auto [y, x] = stored_place(orientation, r, c, height, width);
        const std::uint8_t* const expected = stored.at(y, x);
        different +=
            std::memcmp(whole.output.bytes.data() + (r * upright_width + c) * 3, expected, 3) != 0;
        if (r >= 7 && r < 37 && c >= 9 && c < 50) {
          different +=
              std::memcmp(part.output.bytes.data() + ((r - 7) * 41 + c - 9) * 3, expected, 3) != 0;
        }
      }
    }
    CAPTURE(orientation);
    CHECK(different == 0);
  }
}

TEST_CASE("CMYK and YCCK become RGB, inverted where Adobe's marker says so") {
  const int height = 33;
  const int width = 47;
  for (const bool ycck : {false, true}) {
    for (const bool adobe : {true, false}) {
      if (ycck && !adobe) continue;  // without the marker nothing says that it is YCCK
      WriteOptions options;
      options.from = JCS_CMYK;
      options.to = ycck ? JCS_YCCK : JCS_CMYK;
      options.adobe = adobe;
      options.h = ycck ? 2 : 1;
      options.v = ycck ? 2 : 1;
      const Bytes file = write(picture(height, width, 4), height, width, options);
      const Image cmyk = read(file, JCS_CMYK);
      const Result rgb = host().call("image.decode", array(file), {});
      const Result part = host().call("image.decode", array(file), {{"crop", Ints{5, 20, 11, 13}}});
      const Result gray = host().call("image.decode", array(file), {{"color", "gray"}});
      REQUIRE(rgb.status == COGWAY_OK);
      REQUIRE(part.status == COGWAY_OK);
      REQUIRE(gray.status == COGWAY_OK);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          int level[3];
          for (int c = 0; c < 3; ++c) {
            const double ink = adobe ? 255 - cmyk.at(y, x)[c] : cmyk.at(y, x)[c];
            const double black = adobe ? 255 - cmyk.at(y, x)[3] : cmyk.at(y, x)[3];
            level[c] = static_cast<int>((255 - ink) * (255 - black) / 255 + 0.5);
            REQUIRE(rgb.output.bytes[static_cast<std::size_t>((y * width + x) * 3 + c)] ==
                    level[c]);
            if (y >= 5 && y < 16 && x >= 20 && x < 33) {
              REQUIRE(
                  part.output.bytes[static_cast<std::size_t>(((y - 5) * 13 + x - 20) * 3 + c)] ==
                  level[c]);
            }
          }
          const int luma = (77 * level[0] + 150 * level[1] + 29 * level[2] + 128) >> 8;
          REQUIRE(gray.output.bytes[static_cast<std::size_t>(y * width + x)] == luma);
        }
      }
    }
  }
}

TEST_CASE("grayscale and RGB files decode to either") {
  WriteOptions gray;
  gray.from = gray.to = JCS_GRAYSCALE;
  const Bytes gray_file = write(picture(40, 50, 1), 40, 50, gray);
  const Image g = read(gray_file, JCS_GRAYSCALE);
  const Result as_gray = host().call("image.decode", array(gray_file), {{"color", "gray"}});
  const Result as_rgb = host().call("image.decode", array(gray_file), {});
  CHECK(as_gray.output.bytes == g.pixels);
  CHECK(as_rgb.output.bytes == read(gray_file, JCS_RGB).pixels);
  WriteOptions rgb;
  rgb.to = JCS_RGB;
  rgb.h = rgb.v = 1;
  rgb.adobe = true;
  const Bytes rgb_file = write(picture(40, 50, 3), 40, 50, rgb);
  CHECK(host().call("image.decode", array(rgb_file), {}).output.bytes == read(rgb_file).pixels);
  CHECK(host().call("image.decode", array(rgb_file), {{"color", "gray"}}).output.bytes ==
        read(rgb_file, JCS_GRAYSCALE).pixels);
}
