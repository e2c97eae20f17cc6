// SPDX-License-Identifier: Apache-2.0
// The kernels that work on decoded pixels: grayscale, normalize, flip, crop, rotate.
#include <doctest/doctest.h>

#include "jpeg_files.hpp"
#include "reference.hpp"

using namespace pack_host;
using jpeg_files::array;
using jpeg_files::Bytes;
using jpeg_files::picture;

namespace {

const PackHost& host() {
  static const PackHost h(COGWAY_IMAGE_PACK);
  return h;
}

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

Array float_array(const std::vector<float>& values, Ints shape) {
  Bytes bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return {std::move(bytes), std::move(shape), {COGWAY_FLOAT, 32, 1}};
}

}  // namespace

TEST_CASE("grayscale is within 1 of the float formula for every colour") {
  // All reds and greens beside each other, some blues.
  for (int blue = 0; blue < 256; blue += 5) {
    Bytes pixels;
    for (int r = 0; r < 256; ++r) {
      for (int g = 0; g < 256; ++g) {
        pixels.insert(pixels.end(), {static_cast<std::uint8_t>(r), static_cast<std::uint8_t>(g),
                                     static_cast<std::uint8_t>(blue)});
      }
    }
    const Result result = host().call("image.grayscale", array(pixels, 256, 256, 3), {});
    REQUIRE(result.output.shape == Ints{256, 256});
    double most = 0;
    int wrong = 0;
    for (int r = 0; r < 256; ++r) {
      for (int g = 0; g < 256; ++g) {
        const int given = result.output.bytes[static_cast<std::size_t>(r * 256 + g)];
        wrong += given != (77 * r + 150 * g + 29 * blue + 128) >> 8;
        most = std::max(most, std::abs(given - (0.299 * r + 0.587 * g + 0.114 * blue)));
      }
    }
    CHECK(wrong == 0);
    CHECK(most < 1.0);
  }
}

TEST_CASE("grayscale takes any width, four channels, an axis to keep, and many threads") {
  for (const int width : {1, 2, 15, 16, 31, 33, 63, 64, 65, 127, 200}) {
    const Bytes pixels = picture(3, width, 4);
    const Result r =
        host().call("image.grayscale", array(pixels, 3, width, 4), {{"keep_axis", true}});
    REQUIRE(r.output.shape == Ints{3, width, 1});
    const Bytes rgb = picture(3, width, 3);
    const Result three = host().call("image.grayscale", array(rgb, 3, width, 3), {});
    for (std::size_t i = 0; i < static_cast<std::size_t>(3 * width); ++i) {
      const int w = 77 * rgb[3 * i] + 150 * rgb[3 * i + 1] + 29 * rgb[3 * i + 2];
      REQUIRE(three.output.bytes[i] == (w + 128) >> 8);
      const int v = 77 * pixels[4 * i] + 150 * pixels[4 * i + 1] + 29 * pixels[4 * i + 2];
      REQUIRE(r.output.bytes[i] == (v + 128) >> 8);
    }
  }
  const Bytes large = picture(800, 901, 3);
  Conditions threads;
  threads.threads = 3;
  const Result split = host().call("image.grayscale", array(large, 800, 901, 3), {}, threads);
  CHECK(split.pieces > 1);
  const Result inline_run = host().call("image.grayscale", array(large, 800, 901, 3), {});
  CHECK(split.output.bytes == inline_run.output.bytes);
  CHECK(host().call("image.grayscale", array(picture(4, 4, 1), 4, 4, 1), {}).status ==
        COGWAY_INVALID_ARGUMENT);
  Conditions cancelled;
  cancelled.cancel_after = 1;
  CHECK(host().call("image.grayscale", array(large, 800, 901, 3), {}, cancelled).status ==
        COGWAY_CANCELLED);
}

TEST_CASE("grayscale past the caches gives the same pixels, whatever the widths and threads") {
  // More than 4 MiB of result, in rows that no vector divides, split where no vector ends.
  const int height = 2100;
  const int width = 2051;
  for (const int channels : {3, 4}) {
    const Bytes pixels = picture(height, width, channels);
    for (const int threads : {1, 3}) {
      Conditions conditions;
      conditions.threads = threads;
      const Result r =
          host().call("image.grayscale", array(pixels, height, width, channels), {}, conditions);
      REQUIRE(r.output.shape == Ints{height, width});
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < r.output.bytes.size(); ++i) {
        const std::uint8_t* p = pixels.data() + static_cast<std::size_t>(channels) * i;
        wrong += r.output.bytes[i] != (77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("normalize: every layout, dtype and width") {
  const Doubles mean = {0.1, 0.2, 0.3};
  const Doubles deviation = {0.5, 0.25, 2.0};
  for (const int width : {1, 3, 4, 7, 16, 17, 100, 300}) {
    const int height = 5;
    const Bytes hwc = picture(height, width, 3);
    Bytes chw(hwc.size());
    std::vector<float> floats(hwc.size());
    for (int i = 0; i < height * width; ++i) {
      for (int c = 0; c < 3; ++c) {
        const auto from = static_cast<std::size_t>(i * 3 + c);
        chw[static_cast<std::size_t>(c * height * width + i)] = hwc[from];
        floats[from] = static_cast<float>(hwc[from]) / 255.0F;
      }
    }
    const Array inputs[] = {array(hwc, height, width, 3), array(chw, 3, height, width),
                            float_array(floats, {height, width, 3})};
    for (int kind = 0; kind < 3; ++kind) {
      for (const char* layout : {"chw", "hwc"}) {
        const Result r = host().call("image.normalize", inputs[kind],
                                     {{"mean", mean},
                                      {"std", deviation},
                                      {"layout", layout},
                                      {"input_layout", kind == 1 ? "chw" : "hwc"}});
        REQUIRE(r.status == COGWAY_OK);
        const bool planar = std::strcmp(layout, "chw") == 0;
        CHECK(r.output.shape == (planar ? Ints{3, height, width} : Ints{height, width, 3}));
        double most = 0;
        for (int i = 0; i < height * width; ++i) {
          for (std::size_t c = 0; c < 3; ++c) {
            const auto at = static_cast<std::size_t>(i);
            const float given =
                r.output.floats()[planar ? c * static_cast<std::size_t>(height * width) + at
                                         : at * 3 + c];
            const double exact = (hwc[at * 3 + c] / 255.0 - mean[c]) / deviation[c];
            most = std::max(most, std::abs(given - exact));
          }
        }
        CHECK(most < 2e-6);
      }
    }
  }
}

TEST_CASE("normalize: gray, many channels, defaults, scale and refusals") {
  const Result plain = host().call("image.normalize", array(Bytes{0, 51, 255, 102}, 2, 2, 0), {});
  CHECK(plain.output.shape == Ints{1, 2, 2});
  CHECK(plain.output.floats()[1] == doctest::Approx(0.2));
  const Result raw =
      host().call("image.normalize", array(Bytes{0, 51, 255, 102}, 2, 2, 0), {{"scale", 1.0}});
  CHECK(raw.output.floats()[2] == 255.0F);
  const Result wide =
      host().call("image.normalize", array(picture(3, 4, 5), 3, 4, 5), {{"mean", Doubles{0.5}}});
  CHECK(wide.output.shape == Ints{5, 3, 4});
  CHECK(host()
            .call("image.normalize", array(picture(3, 4, 3), 3, 4, 3), {{"mean", Doubles{1, 2}}})
            .status == COGWAY_INVALID_ARGUMENT);
  CHECK(host().call("image.normalize", array(picture(3, 4, 65), 3, 4, 65), {}).status ==
        COGWAY_INVALID_ARGUMENT);
  // Floats that lie at no multiple of their size.
  const std::vector<float> values = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
  Array odd{Bytes(1 + 24), {1, 2, 3}, {COGWAY_FLOAT, 32, 1}};
  std::memcpy(odd.bytes.data() + 1, values.data(), 24);
  cogway_view view = odd.view();
  view.data = static_cast<std::uint8_t*>(view.data) + 1;
  const Result r = host().call("image.normalize", view, {{"layout", "hwc"}});
  REQUIRE(r.status == COGWAY_OK);
  CHECK(std::memcmp(r.output.floats(), values.data(), 24) == 0);
}

TEST_CASE("flip mirrors any dtype along either axis, and by chance as the law says") {
  for (const std::int64_t bytes : {1, 2, 4, 8}) {
    const int channels = 3;
    const int row = 7 * channels * static_cast<int>(bytes);
    const Bytes data = picture(5, row, 1);
    const Array image{
        data, {5, 7, channels}, {COGWAY_UINT, static_cast<std::uint8_t>(8 * bytes), 1}};
    const std::size_t pixel = static_cast<std::size_t>(bytes * channels);
    for (const char* axis : {"horizontal", "vertical", "both"}) {
      const Result r = host().call("image.flip", image, {{"axis", axis}});
      REQUIRE(r.output.shape == Ints{5, 7, channels});
      const bool columns = *axis != 'v';
      const bool rows = *axis != 'h';
      for (int y = 0; y < 5; ++y) {
        for (int x = 0; x < 7; ++x) {
          const int from_y = rows ? 4 - y : y;
          const int from_x = columns ? 6 - x : x;
          REQUIRE(std::memcmp(r.output.bytes.data() + static_cast<std::size_t>(y * 7 + x) * pixel,
                              data.data() + static_cast<std::size_t>(from_y * 7 + from_x) * pixel,
                              pixel) == 0);
        }
      }
    }
  }
  const Array image = array(picture(4, 4, 3), 4, 4, 3);
  int flipped = 0;
  for (int index = 0; index < 400; ++index) {
    const std::vector<Param> params = {{"probability", 0.25}, {"seed", 9}, {"index", index}};
    const Bytes once = host().call("image.flip", image, params).output.bytes;
    CHECK(once == host().call("image.flip", image, params).output.bytes);
    flipped += once != image.bytes;
  }
  CHECK(flipped > 60);
  CHECK(flipped < 140);
}

TEST_CASE("crop copies boxes: given, central, random") {
  const Bytes pixels = picture(30, 40, 3);
  const Array image = array(pixels, 30, 40, 3);
  const auto is_at = [&](const Result& r, int top, int left, int height, int width) {
    if (r.output.shape != Ints{height, width, 3}) return false;
    for (int y = 0; y < height; ++y) {
      if (std::memcmp(r.output.bytes.data() + y * width * 3,
                      pixels.data() + ((top + y) * 40 + left) * 3,
                      static_cast<std::size_t>(width) * 3) != 0) {
        return false;
      }
    }
    return true;
  };
  CHECK(is_at(host().call("image.crop", image, {{"box", Ints{3, 5, 7, 11}}}), 3, 5, 7, 11));
  CHECK(is_at(host().call("image.crop", image, {{"size", Ints{10, 21}}}), 10, 9, 10, 21));
  std::vector<bool> tops(24, false);
  for (int index = 0; index < 300; ++index) {
    const Result r =
        host().call("image.crop", image,
                    {{"size", Ints{7, 9}}, {"place", "random"}, {"seed", 4}, {"index", index}});
    bool found = false;
    for (int top = 0; top <= 23 && !found; ++top) {
      for (int left = 0; left <= 31 && !found; ++left) {
        found = is_at(r, top, left, 7, 9);
        if (found) tops[static_cast<std::size_t>(top)] = true;
      }
    }
    REQUIRE(found);
  }
  CHECK(std::count(tops.begin(), tops.end(), true) == 24);
  for (const std::vector<Param>& wrong : {std::vector<Param>{},
                                          {{"box", Ints{0, 0, 1, 1}}, {"size", Ints{1, 1}}},
                                          {{"box", Ints{0, 0, 31, 1}}},
                                          {{"size", Ints{1, 41}}},
                                          {{"box", Ints{0, 0, 0, 1}}}}) {
    const Result r = host().call("image.crop", image, wrong);
    CHECK(r.status == COGWAY_INVALID_ARGUMENT);
    CHECK_FALSE(r.described);
  }
}

TEST_CASE("quarter turns are exact, and four of them are none") {
  const Bytes pixels = picture(17, 29, 3);
  Array image = array(pixels, 17, 29, 3);
  const Result left = host().call("image.rotate", image, {{"angle", 90}, {"expand", true}});
  REQUIRE(left.output.shape == Ints{29, 17, 3});
  for (int y = 0; y < 29; ++y) {
    for (int x = 0; x < 17; ++x) {
      REQUIRE(std::memcmp(left.output.bytes.data() + (y * 17 + x) * 3,
                          pixels.data() + (x * 29 + 28 - y) * 3, 3) == 0);
    }
  }
  Array turned = image;
  for (int i = 0; i < 4; ++i) {
    turned = host().call("image.rotate", turned, {{"angle", -270}, {"expand", true}}).output;
  }
  CHECK(turned.bytes == pixels);
  const Result half = host().call("image.rotate", image, {{"angle", 540}});
  Bytes backwards;
  for (int i = 17 * 29 - 1; i >= 0; --i) {
    backwards.insert(backwards.end(), pixels.begin() + i * 3, pixels.begin() + i * 3 + 3);
  }
  CHECK(half.output.bytes == backwards);
}

TEST_CASE("any angle: bilinear by the inverse mapping, fill outside") {
  const int height = 41;
  const int width = 57;
  for (const int channels : {1, 2, 3, 4}) {
    const Bytes pixels = picture(height, width, channels);
    for (const double angle : {1.0, 30.0, 45.0, 133.7, 271.5, -20.25}) {
      const Result r = host().call("image.rotate", array(pixels, height, width, channels),
                                   {{"angle", angle}, {"fill", Doubles{99.0}}});
      REQUIRE(r.output.shape == Ints{height, width, channels});
      const double t = angle * std::acos(-1.0) / 180.0;
      int far = 0;
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const double dx = x + 0.5 - width / 2.0;
          const double dy = y + 0.5 - height / 2.0;
          const double sx = std::cos(t) * dx - std::sin(t) * dy + width / 2.0;
          const double sy = std::sin(t) * dx + std::cos(t) * dy + height / 2.0;
          if (std::abs(sx) < 1e-6 || std::abs(sx - width) < 1e-6 || std::abs(sy) < 1e-6 ||
              std::abs(sy - height) < 1e-6) {
            continue;  // on the edge: either is right
          }
          const bool inside = sx >= 0 && sy >= 0 && sx < width && sy < height;
          for (int c = 0; c < channels; ++c) {
            const int given =
                r.output.bytes[static_cast<std::size_t>((y * width + x) * channels + c)];
            if (!inside) {
              far += given != 99;
              continue;
            }
            const auto at = [&](int yy, int xx) {
              yy = std::clamp(yy, 0, height - 1);
              xx = std::clamp(xx, 0, width - 1);
              return double(pixels[static_cast<std::size_t>((yy * width + xx) * channels + c)]);
            };
            const int x0 = static_cast<int>(std::floor(sx - 0.5));
            const int y0 = static_cast<int>(std::floor(sy - 0.5));
            const double fx = sx - 0.5 - x0;
            const double fy = sy - 0.5 - y0;
            const double exact = (at(y0, x0) * (1 - fx) + at(y0, x0 + 1) * fx) * (1 - fy) +
                                 (at(y0 + 1, x0) * (1 - fx) + at(y0 + 1, x0 + 1) * fx) * fy;
            far += std::abs(given - exact) > 0.8;
          }
        }
      }
      CAPTURE(angle);
      CHECK(far == 0);
    }
  }
}

TEST_CASE("expand makes room for the whole image; jitter follows the law") {
  const Array image = array(Bytes(40 * 60, 200), 40, 60, 0);
  const Result r = host().call("image.rotate", image, {{"angle", 45}, {"expand", true}});
  CHECK(r.output.shape[0] >= 71);
  CHECK(r.output.shape[0] <= 72);
  CHECK(r.output.shape == Ints{r.output.shape[0], r.output.shape[0]});
  const auto kept = std::count(r.output.bytes.begin(), r.output.bytes.end(), 200);
  CHECK(kept > 40 * 60 * 95 / 100);
  const auto jittered = [&](int index) {
    return host()
        .call("image.rotate", image, {{"jitter", 30}, {"seed", 3}, {"index", index}})
        .output.bytes;
  };
  CHECK(jittered(1) == jittered(1));
  CHECK(jittered(1) != jittered(2));
  CHECK(host().call("image.rotate", image, {{"fill", Doubles{1, 2}}}).status ==
        COGWAY_INVALID_ARGUMENT);
}
