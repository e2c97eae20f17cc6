// SPDX-License-Identifier: Apache-2.0
// image.sample against its parts done one after another, and its random law against its definition.
#include <doctest/doctest.h>

#include <array>

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
using Doubles = std::vector<double>;

// ---- the law of draws, written down once more -------------------------------------------------

struct Draws {
  std::int64_t seed, epoch, index;
  std::uint32_t operation;
  std::uint32_t used = 0;

  std::uint32_t word() {
    const std::uint32_t block = used / 4;
    std::array<std::uint64_t, 4> c = {static_cast<std::uint32_t>(index),
                                      static_cast<std::uint64_t>(index) >> 32,
                                      static_cast<std::uint32_t>(epoch), (operation << 16) | block};
    std::uint64_t k0 = static_cast<std::uint32_t>(seed);
    std::uint64_t k1 = static_cast<std::uint64_t>(seed) >> 32;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = c[0] * 0xD2511F53U;
      const std::uint64_t b = c[2] * 0xCD9E8D57U;
      c = {(b >> 32) ^ c[1] ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k1, a & 0xFFFFFFFF};
      k0 = (k0 + 0x9E3779B9U) & 0xFFFFFFFF;
      k1 = (k1 + 0xBB67AE85U) & 0xFFFFFFFF;
    }
    return static_cast<std::uint32_t>(c[used++ % 4]);
  }
  double uniform() { return word() / 4294967296.0; }
  int below(int n) { return static_cast<int>((std::uint64_t{word()} * std::uint64_t(n)) >> 32); }
};

struct Crop {
  int top, left, height, width;
  bool flip;
};

Crop draw(std::int64_t seed, std::int64_t epoch, std::int64_t index, int height, int width,
          double flip) {
  Draws coin{seed, epoch, index, 2};
  const bool flipped = coin.uniform() < flip;
  Draws d{seed, epoch, index, 1};
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = double(height) * width * (0.08 + (1.0 - 0.08) * d.uniform());
    const double low = std::log(3.0 / 4.0);
    const double ratio = std::exp(low + (std::log(4.0 / 3.0) - low) * d.uniform());
    const int w = static_cast<int>(std::nearbyint(std::sqrt(area * ratio)));
    const int h = static_cast<int>(std::nearbyint(std::sqrt(area / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const int top = d.below(height - h + 1);
    const int left = d.below(width - w + 1);
    return {top, left, h, w, flipped};
  }
  return {0, 0, 0, 0, flipped};
}

/// The sample's exact levels: channel by channel [3][out][out].
std::vector<reference::Plane> expected(const Image& upright, const Crop& crop, int height,
                                       int width) {
  std::vector<reference::Plane> planes;
  for (int c = 0; c < upright.channels; ++c) {
    const auto whole =
        reference::channel(upright.pixels, upright.height, upright.width, upright.channels, c);
    auto plane =
        reference::resize(reference::cut(whole, crop.top, crop.left, crop.height, crop.width),
                          height, width, reference::Filter::antialiased);
    if (crop.flip) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width / 2; ++x) std::swap(plane.at(y, x), plane.at(y, width - 1 - x));
      }
    }
    planes.push_back(plane);
  }
  return planes;
}

const Doubles kMean = {0.485, 0.456, 0.406};
const Doubles kStd = {0.229, 0.224, 0.225};

}  // namespace

TEST_CASE("the draws are Philox4x32-10") {
  // Random123's known answers for counters and keys of zeros and of ones.
  Draws zero{0, 0, 0, 0};
  CHECK(zero.word() == 0x6627e8d5);
  CHECK(zero.word() == 0xe169c58d);
  CHECK(zero.word() == 0xbc57ac4c);
  CHECK(zero.word() == 0x9b00dbd8);
}

TEST_CASE("a random sample is decode, crop, resize, flip, normalise, one after another") {
  for (const int orientation : {1, 2, 3, 4, 5, 6, 7, 8}) {
    WriteOptions options;
    options.orientation = orientation;
    const Bytes file = write(picture(150, 210, 3), 150, 210, options);
    const Result upright_pixels = host().call("image.decode", array(file), {});
    Image upright;
    upright.height = static_cast<int>(upright_pixels.output.shape[0]);
    upright.width = static_cast<int>(upright_pixels.output.shape[1]);
    upright.channels = 3;
    upright.pixels = upright_pixels.output.bytes;
    for (int index = 0; index < 12; ++index) {
      const Crop crop = draw(11, 3, index, upright.height, upright.width, 0.5);
      REQUIRE(crop.height > 0);
      const auto planes = expected(upright, crop, 48, 40);
      const std::vector<Param> params = {{"size", Ints{48, 40}}, {"seed", 11},
                                         {"epoch", 3},           {"index", index},
                                         {"flip", 0.5},          {"scaled_decode", false}};
      const auto with = [&](std::vector<Param> more) {
        more.insert(more.end(), params.begin(), params.end());
        return host().call("image.sample", array(file), more);
      };
      const Result chw = with({{"mean", kMean}, {"std", kStd}});
      const Result hwc = with({{"mean", kMean}, {"std", kStd}, {"layout", "hwc"}});
      const Result bytes = with({{"dtype", "uint8"}, {"layout", "hwc"}});
      const Result planar = with({{"dtype", "uint8"}});
      REQUIRE(chw.status == COGWAY_OK);
      REQUIRE(bytes.status == COGWAY_OK);
      CHECK(chw.output.shape == Ints{3, 48, 40});
      CHECK(hwc.output.shape == Ints{48, 40, 3});
      double off_float = 0;
      double off_byte = 0;
      for (int c = 0; c < 3; ++c) {
        for (int i = 0; i < 48 * 40; ++i) {
          const double level =
              planes[static_cast<std::size_t>(c)].values[static_cast<std::size_t>(i)];
          const auto k = static_cast<std::size_t>(c);
          const double value = (level / 255.0 - kMean[k]) / kStd[k];
          const float given = chw.output.floats()[c * 48 * 40 + i];
          off_float = std::max(off_float, std::abs(given - value) * kStd[k] * 255.0);
          REQUIRE(hwc.output.floats()[i * 3 + c] == given);
          const std::uint8_t b = bytes.output.bytes[static_cast<std::size_t>(i * 3 + c)];
          off_byte = std::max(off_byte, std::abs(b - level));
          REQUIRE(planar.output.bytes[static_cast<std::size_t>(c * 48 * 40 + i)] == b);
        }
      }
      CAPTURE(orientation);
      CAPTURE(index);
      CHECK(off_float < 0.1);
      CHECK(off_byte < 0.6);
    }
  }
}

TEST_CASE("pixels give the sample that their file gives") {
  const Bytes file = write(picture(150, 210, 3), 150, 210);
  const Result pixels = host().call("image.decode", array(file), {});
  for (const char* crop : {"random", "center", "none"}) {
    const std::vector<Param> params = {
        {"size", Ints{33, 57}}, {"crop", crop}, {"seed", 5},
        {"flip", 0.5},          {"index", 8},   {"scaled_decode", false}};
    const Result from_file = host().call("image.sample", array(file), params);
    const Result from_pixels = host().call("image.sample", pixels.output, params);
    REQUIRE(from_file.status == COGWAY_OK);
    CHECK(from_file.output.bytes == from_pixels.output.bytes);
  }
  const Result gray =
      host().call("image.sample", pixels.output, {{"size", Ints{8}}, {"color", "gray"}});
  CHECK(gray.status == COGWAY_INVALID_ARGUMENT);
  CHECK(gray.message == "color=\"gray\" needs an image of 1 channels, not 3");
}

TEST_CASE("scaled decoding keeps close to the whole") {
  const Bytes file = write(gradient(900, 1200, 3), 900, 1200);
  for (const int side : {100, 200, 440}) {
    const std::vector<Param> common = {
        {"size", Ints{side, side}}, {"crop", "center"}, {"dtype", "uint8"}, {"layout", "hwc"}};
    auto exact = common;
    exact.push_back({"scaled_decode", false});
    const Result scaled = host().call("image.sample", array(file), common);
    const Result whole = host().call("image.sample", array(file), exact);
    REQUIRE(scaled.status == COGWAY_OK);
    int most = 0;
    for (std::size_t i = 0; i < whole.output.bytes.size(); ++i) {
      most = std::max(most, std::abs(int{whole.output.bytes[i]} - int{scaled.output.bytes[i]}));
    }
    CHECK(most <= 3);
  }
}

TEST_CASE("center and none take the part that they say") {
  const Bytes file = write(picture(100, 160, 3), 100, 160);
  const Result pixels = host().call("image.decode", array(file), {});
  const Image image{100, 160, 3, pixels.output.bytes};
  const auto check = [&](const std::vector<Param>& params, const Crop& crop) {
    std::vector<Param> all = params;
    all.insert(all.end(), {{"size", Ints{40, 40}}, {"dtype", "uint8"}, {"scaled_decode", false}});
    const Result r = host().call("image.sample", array(file), all);
    REQUIRE(r.status == COGWAY_OK);
    const auto planes = expected(image, crop, 40, 40);
    double most = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < 1600; ++i) {
        most = std::max(most, std::abs(r.output.bytes[c * 1600 + i] - planes[c].values[i]));
      }
    }
    CHECK(most < 0.6);
  };
  check({{"crop", "none"}}, {0, 0, 100, 160, false});
  check({{"crop", "center"}}, {0, 30, 100, 100, false});
  check({{"crop", "center"}, {"center_fraction", 0.875}}, {6, 36, 88, 88, false});
  check({{"crop", "none"}, {"flip", 1.0}}, {0, 0, 100, 160, true});
}

TEST_CASE("samples depend on seed, epoch and index, and on nothing else") {
  const Bytes file = write(picture(150, 210, 3), 150, 210);
  const auto sample = [&](int seed, int epoch, int index) {
    return host()
        .call("image.sample", array(file),
              {{"size", Ints{24}}, {"seed", seed}, {"epoch", epoch}, {"index", index}})
        .output.bytes;
  };
  const Bytes first = sample(1, 0, 0);
  CHECK(sample(1, 0, 1) != first);
  CHECK(sample(1, 1, 0) != first);
  CHECK(sample(2, 0, 0) != first);
  std::vector<std::jthread> threads;
  std::array<Bytes, 4> again;
  for (std::size_t i = 0; i < again.size(); ++i) {
    threads.emplace_back([&, i] { again[i] = sample(1, 0, 0); });
  }
  threads.clear();
  for (const Bytes& b : again) CHECK(b == first);
}

TEST_CASE("grayscale samples are the luma plane, with one channel") {
  const Bytes file = write(picture(80, 90, 3), 80, 90);
  const Result luma = host().call("image.decode", array(file), {{"color", "gray"}});
  const auto plane = reference::resize(reference::channel(luma.output.bytes, 80, 90, 1, 0), 32, 32,
                                       reference::Filter::antialiased);
  const Result r = host().call("image.sample", array(file),
                               {{"size", Ints{32}},
                                {"crop", "none"},
                                {"color", "gray"},
                                {"mean", Doubles{0.5}},
                                {"std", Doubles{0.25}},
                                {"scaled_decode", false}});
  REQUIRE(r.output.shape == Ints{1, 32, 32});
  for (std::size_t i = 0; i < 1024; ++i) {
    CHECK(std::abs(r.output.floats()[i] * 0.25 + 0.5 - plane.values[i] / 255.0) < 0.1 / 255.0);
  }
}

TEST_CASE("an extreme shape falls back to the central crop") {
  const Bytes file = write(picture(8, 400, 3), 8, 400);
  const Result pixels = host().call("image.decode", array(file), {});
  const Image image{8, 400, 3, pixels.output.bytes};
  // Too wide for any try with these bounds: as wide as ratio 4 : 3 allows, in the middle.
  const auto planes = expected(image, {0, 194, 8, 11, false}, 16, 16);
  const Result r = host().call("image.sample", array(file),
                               {{"size", Ints{16}},
                                {"scale", Doubles{0.9, 1.0}},
                                {"dtype", "uint8"},
                                {"scaled_decode", false}});
  REQUIRE(r.status == COGWAY_OK);
  double most = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    most = std::max(most, std::abs(r.output.bytes[i] - planes[0].values[i]));
  }
  CHECK(most < 0.6);
}

TEST_CASE("parameters that contradict each other are refused at the call") {
  const Array file = array(write(picture(30, 30, 3), 30, 30));
  const auto refused = [&](std::vector<Param> params, const char* why) {
    params.push_back({"size", Ints{8, 8}});
    const Result r = host().call("image.sample", file, params);
    CAPTURE(r.message);
    CHECK(r.status == COGWAY_INVALID_ARGUMENT);
    CHECK_FALSE(r.described);
    CHECK(r.message.find(why) != std::string::npos);
  };
  refused({{"mean", kMean}, {"dtype", "uint8"}}, "float32");
  refused({{"mean", Doubles{0.5, 0.5}}}, "1 or 3");
  refused({{"std", kStd}, {"color", "gray"}}, "1 or 1");
  refused({{"scale", Doubles{1.0, 0.5}}}, "(low, high)");
  refused({{"ratio", Doubles{2.0, 1.0}}}, "(low, high)");
}

TEST_CASE("nearest samples take pixels as they are") {
  const Bytes file = write(picture(50, 70, 3), 50, 70);
  const Result pixels = host().call("image.decode", array(file), {});
  const Result r = host().call("image.sample", array(file),
                               {{"size", Ints{100, 140}},
                                {"crop", "none"},
                                {"dtype", "uint8"},
                                {"layout", "hwc"},
                                {"interpolation", "nearest"}});
  REQUIRE(r.status == COGWAY_OK);
  for (int y = 0; y < 100; ++y) {
    for (int x = 0; x < 140; ++x) {
      REQUIRE(std::memcmp(r.output.bytes.data() + (y * 140 + x) * 3,
                          pixels.output.bytes.data() + (y / 2 * 70 + x / 2) * 3, 3) == 0);
    }
  }
}
