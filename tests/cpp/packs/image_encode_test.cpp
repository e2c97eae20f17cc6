// SPDX-License-Identifier: Apache-2.0
// image.encode and image.thumbnail, read back by plain libjpeg.
#include <doctest/doctest.h>

#include "jpeg_files.hpp"
#include "reference.hpp"

using namespace pack_host;
using namespace jpeg_files;

namespace {

const PackHost& host() {
  static const PackHost h(COGWAY_IMAGE_PACK);
  return h;
}

using Ints = std::vector<std::int64_t>;

double mean_difference(const Bytes& a, const Bytes& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(int{a[i]} - int{b[i]});
  return sum / static_cast<double>(a.size());
}

struct Frame {
  int precision, height, width, components, luma_sampling;
};

Frame frame_of(const Bytes& file, unsigned marker) {
  const std::size_t at = find_marker(file, marker);
  REQUIRE(at != 0);
  return {file[at], file[at + 1] * 256 + file[at + 2], file[at + 3] * 256 + file[at + 4],
          file[at + 5], file[at + 7]};
}

}  // namespace

TEST_CASE("encode writes what libjpeg writes with the same settings") {
  const int height = 75;
  const int width = 101;
  const Bytes pixels = picture(height, width, 3);
  struct Case {
    const char* subsampling;
    int h, v;
  };
  for (const Case c : {Case{"4:2:0", 2, 2}, {"4:2:2", 2, 1}, {"4:4:4", 1, 1}}) {
    for (const bool progressive : {false, true}) {
      for (const int quality : {1, 50, 100}) {
        WriteOptions options;
        options.h = c.h;
        options.v = c.v;
        options.quality = quality;
        options.progressive = progressive;
        const Result r = host().call(
            "image.encode", array(pixels, height, width, 3),
            {{"quality", quality}, {"subsampling", c.subsampling}, {"progressive", progressive}});
        REQUIRE(r.status == COGWAY_OK);
        CHECK(r.output.bytes == write(pixels, height, width, options));
      }
    }
  }
}

TEST_CASE("gray images, with or without an axis, become files of one component") {
  const Bytes pixels = picture(20, 30, 1);
  WriteOptions options;
  options.from = options.to = JCS_GRAYSCALE;
  const Bytes file = write(pixels, 20, 30, options);
  CHECK(host().call("image.encode", array(pixels, 20, 30, 0), {}).output.bytes == file);
  CHECK(host().call("image.encode", array(pixels, 20, 30, 1), {}).output.bytes == file);
}

TEST_CASE("encode then decode keeps the picture, from any strides") {
  const Bytes pixels = gradient(64, 96, 3);
  const Array image = array(pixels, 64, 96, 3);
  const Result file = host().call("image.encode", image, {{"quality", 95}, {"optimize", true}});
  const Result back = host().call("image.decode", file.output, {});
  REQUIRE(back.output.shape == image.shape);
  CHECK(mean_difference(back.output.bytes, pixels) < 2.0);
  const Result standard = host().call("image.encode", image, {{"quality", 95}});
  CHECK(file.output.bytes.size() < standard.output.bytes.size());
  cogway_view upside_down = image.view();
  upside_down.data = static_cast<std::uint8_t*>(upside_down.data) + 63 * 96 * 3;
  upside_down.strides[0] = -96 * 3;
  const Result flipped = host().call("image.flip", image, {{"axis", "vertical"}});
  CHECK(host().call("image.encode", upside_down, {}).output.bytes ==
        host().call("image.encode", flipped.output, {}).output.bytes);
}

TEST_CASE("noise at the highest quality fits the bound") {
  Bytes noise(std::size_t{128} * 128 * 3);
  std::uint32_t state = 5;
  for (std::uint8_t& v : noise) {
    state = state * 1664525U + 1013904223U;
    v = (state >> 31) != 0 ? 255 : 0;
  }
  for (const char* subsampling : {"4:4:4", "4:2:0"}) {
    const Result r = host().call("image.encode", array(noise, 128, 128, 3),
                                 {{"quality", 100}, {"subsampling", subsampling}});
    REQUIRE(r.status == COGWAY_OK);
    CHECK(host().call("image.decode", r.output, {}).status == COGWAY_OK);
  }
}

TEST_CASE("encode refuses what no JPEG can hold, and can be cancelled") {
  CHECK(host().call("image.encode", array(picture(4, 4, 2), 4, 4, 2), {}).status ==
        COGWAY_INVALID_ARGUMENT);
  CHECK(host().call("image.encode", array(picture(4, 4, 4), 4, 4, 4), {}).status ==
        COGWAY_INVALID_ARGUMENT);
  const Result wide = host().call("image.encode", array(Bytes(65501), 1, 65501, 0), {});
  CHECK(wide.status == COGWAY_INVALID_ARGUMENT);
  CHECK(wide.message.find("65500") != std::string::npos);
  const Array image = array(picture(300, 300, 3), 300, 300, 3);
  for (const bool progressive : {false, true}) {
    Conditions cancelled;
    cancelled.cancel_after = 20;
    CHECK(host().call("image.encode", image, {{"progressive", progressive}}, cancelled).status ==
          COGWAY_CANCELLED);
    bool succeeded = false;
    for (std::size_t bytes = 0; bytes < (std::size_t{2} << 20); bytes += 100'000) {
      Conditions poor;
      poor.scratch_bytes = bytes;
      const Result r = host().call("image.encode", image, {{"progressive", progressive}}, poor);
      CHECK((r.status == COGWAY_OK || r.status == COGWAY_RESOURCE_EXHAUSTED));
      succeeded = succeeded || r.status == COGWAY_OK;
    }
    CHECK(succeeded);
  }
}

TEST_CASE("thumbnails fit their box, keep the shape and never grow") {
  struct Case {
    int height, width;
    Ints box;
    int out_height, out_width;
  };
  const Case cases[] = {{300, 400, {100}, 75, 100},    {400, 300, {100}, 100, 75},
                        {300, 400, {60, 400}, 60, 80}, {30, 40, {100}, 30, 40},
                        {1000, 3, {50}, 50, 1},        {200, 200, {64, 32}, 32, 32},
                        {768, 1024, {96}, 72, 96}};
  for (const Case& c : cases) {
    const Bytes file = write(gradient(c.height, c.width, 3), c.height, c.width);
    const Result r = host().call("image.thumbnail", array(file), {{"size", c.box}});
    REQUIRE(r.status == COGWAY_OK);
    const Frame f = frame_of(r.output.bytes, 0xC0);
    CAPTURE(c.height);
    CAPTURE(c.width);
    CHECK(f.height == c.out_height);
    CHECK(f.width == c.out_width);
    CHECK(f.components == 3);
    CHECK(f.luma_sampling == 0x22);
  }
}

TEST_CASE("a thumbnail looks like its picture, upright, in its colours") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    WriteOptions options;
    options.orientation = orientation;
    const Bytes file = write(gradient(400, 560, 3), 400, 560, options);
    const Result upright = host().call("image.decode", array(file), {});
    const int height = static_cast<int>(upright.output.shape[0]);
    const int width = static_cast<int>(upright.output.shape[1]);
    const Result r = host().call("image.thumbnail", array(file),
                                 {{"size", Ints{80}}, {"quality", 95}, {"subsampling", "4:4:4"}});
    const Image small = read(r.output.bytes);
    REQUIRE(small.height == (height > width ? 80 : 57));
    double most = 0;
    for (int c = 0; c < 3; ++c) {
      const auto exact =
          reference::resize(reference::channel(upright.output.bytes, height, width, 3, c),
                            small.height, small.width, reference::Filter::antialiased);
      double sum = 0;
      for (int i = 0; i < small.height * small.width; ++i) {
        sum += std::abs(small.pixels[static_cast<std::size_t>(3 * i + c)] -
                        exact.values[static_cast<std::size_t>(i)]);
      }
      most = std::max(most, sum / (small.height * small.width));
    }
    CAPTURE(orientation);
    CHECK(most < 2.0);
  }
}

TEST_CASE("thumbnails of gray and CMYK files, and progressive ones") {
  WriteOptions gray;
  gray.from = gray.to = JCS_GRAYSCALE;
  const Result g = host().call(
      "image.thumbnail", array(write(picture(200, 200, 1), 200, 200, gray)), {{"size", Ints{50}}});
  CHECK(frame_of(g.output.bytes, 0xC0).components == 1);
  WriteOptions cmyk;
  cmyk.from = cmyk.to = JCS_CMYK;
  cmyk.h = cmyk.v = 1;
  const Result c =
      host().call("image.thumbnail", array(write(picture(200, 200, 4), 200, 200, cmyk)),
                  {{"size", Ints{50}}, {"progressive", true}});
  CHECK(frame_of(c.output.bytes, 0xC2).components == 3);
}
