// SPDX-License-Identifier: Apache-2.0
// image.resize against the same filters in doubles, on every instruction set.
#include <doctest/doctest.h>
#include <hwy/targets.h>

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

struct Mode {
  const char* interpolation;
  bool antialias;
  reference::Filter filter;
};
constexpr Mode kModes[] = {{"bilinear", true, reference::Filter::antialiased},
                           {"bilinear", false, reference::Filter::bilinear},
                           {"nearest", true, reference::Filter::nearest}};

/// Greatest difference of what the kernel gave from the unrounded truth.
double worst(const Array& output, const Bytes& pixels, int height, int width, int channels,
             int out_height, int out_width, reference::Filter filter) {
  double found = 0;
  for (int c = 0; c < channels; ++c) {
    const reference::Plane exact = resize(reference::channel(pixels, height, width, channels, c),
                                          out_height, out_width, filter);
    for (int i = 0; i < out_height * out_width; ++i) {
      const double given = output.bytes[static_cast<std::size_t>(i * channels + c)];
      found = std::max(found, std::abs(given - exact.values[static_cast<std::size_t>(i)]));
    }
  }
  return found;
}

}  // namespace

TEST_CASE("resize is the filter rounded, for every shape, filter and number of channels") {
  struct Shape {
    int height, width, out_height, out_width;
  };
  const Shape shapes[] = {{1, 1, 1, 1},      {1, 1, 7, 5},      {40, 60, 20, 30},
                          {40, 60, 40, 60},  {37, 53, 100, 17}, {37, 53, 5, 211},
                          {300, 11, 9, 300}, {200, 310, 3, 2},  {64, 64, 63, 65},
                          {2, 900, 2, 7},    {500, 3, 1, 1},    {224, 224, 224, 223}};
  for (const Shape& s : shapes) {
    for (const Mode& mode : kModes) {
      for (int channels = 1; channels <= 4; ++channels) {
        const Bytes pixels = picture(s.height, s.width, channels, 7);
        const Result r = host().call("image.resize", array(pixels, s.height, s.width, channels),
                                     {{"size", Ints{s.out_height, s.out_width}},
                                      {"interpolation", mode.interpolation},
                                      {"antialias", mode.antialias}});
        REQUIRE(r.status == COGWAY_OK);
        REQUIRE(r.output.shape == Ints{s.out_height, s.out_width, channels});
        CAPTURE(s.height);
        CAPTURE(s.width);
        CAPTURE(s.out_height);
        CAPTURE(s.out_width);
        CAPTURE(channels);
        CAPTURE(mode.interpolation);
        CAPTURE(mode.antialias);
        const double most = mode.filter == reference::Filter::nearest ? 0.0 : 0.5 + 0.07;
        CHECK(worst(r.output, pixels, s.height, s.width, channels, s.out_height, s.out_width,
                    mode.filter) <= most);
      }
    }
  }
}

TEST_CASE("flat images stay flat and the same size changes nothing") {
  for (const int level : {0, 1, 127, 254, 255}) {
    const Bytes flat(static_cast<std::size_t>(97 * 131 * 3), static_cast<std::uint8_t>(level));
    for (const Ints& size : {Ints{50, 60}, Ints{200, 13}, Ints{3, 300}}) {
      const Result r = host().call("image.resize", array(flat, 97, 131, 3), {{"size", size}});
      CHECK(std::all_of(r.output.bytes.begin(), r.output.bytes.end(),
                        [&](std::uint8_t v) { return v == level; }));
    }
  }
  const Bytes pixels = picture(97, 131, 3);
  for (const Mode& mode : kModes) {
    const Result r = host().call("image.resize", array(pixels, 97, 131, 3),
                                 {{"size", Ints{97, 131}},
                                  {"interpolation", mode.interpolation},
                                  {"antialias", mode.antialias}});
    CHECK(r.output.bytes == pixels);
  }
}

TEST_CASE("a box is resized as if it had been cropped before") {
  const Bytes pixels = picture(120, 90, 3);
  const Array image = array(pixels, 120, 90, 3);
  const Ints box = {31, 17, 60, 51};
  const Result crop = host().call("image.crop", image, {{"box", box}});
  const Result direct = host().call("image.resize", image, {{"size", Ints{40, 70}}, {"box", box}});
  const Result after = host().call("image.resize", crop.output, {{"size", Ints{40, 70}}});
  CHECK(direct.output.bytes == after.output.bytes);
  for (const Ints& wrong : {Ints{0, 0, 121, 5}, Ints{0, 50, 5, 41}, Ints{3, 3, 0, 5}}) {
    CHECK(host().call("image.resize", image, {{"size", Ints{4}}, {"box", wrong}}).status ==
          COGWAY_INVALID_ARGUMENT);
  }
}

TEST_CASE("one number is a square, and gray without an axis keeps none") {
  const Result r =
      host().call("image.resize", array(picture(30, 40, 1), 30, 40, 0), {{"size", Ints{12}}});
  CHECK(r.output.shape == Ints{12, 12});
}

TEST_CASE("strides of any kind give what a copy gives") {
  const Bytes pixels = picture(50, 64, 4);
  const Array whole = array(pixels, 50, 64, 4);
  cogway_view view = whole.view();
  // Every other column, rows upside down, channels 1 and 3 backwards.
  view.data = static_cast<std::uint8_t*>(view.data) + 49 * 64 * 4 + 3;
  view.shape[1] = 32;
  view.shape[2] = 2;
  view.strides[0] = -64 * 4;
  view.strides[1] = 8;
  view.strides[2] = -2;
  Bytes copy;
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 32; ++x) {
      for (int c = 0; c < 2; ++c) {
        copy.push_back(pixels[static_cast<std::size_t>(((49 - y) * 64 + 2 * x) * 4 + 3 - 2 * c)]);
      }
    }
  }
  const std::vector<Param> params = {{"size", Ints{21, 33}}};
  const Result strided = host().call("image.resize", view, params);
  const Result plain = host().call("image.resize", array(copy, 50, 32, 2), params);
  REQUIRE(strided.status == COGWAY_OK);
  CHECK(strided.output.bytes == plain.output.bytes);
}

TEST_CASE("large images are split over the workers, with the same result") {
  const Bytes pixels = picture(900, 1300, 3);
  const Array image = array(pixels, 900, 1300, 3);
  for (const Mode& mode : kModes) {
    const std::vector<Param> params = {{"size", Ints{611, 487}},
                                       {"interpolation", mode.interpolation},
                                       {"antialias", mode.antialias}};
    Conditions threads;
    threads.threads = 3;
    const Result backwards = host().call("image.resize", image, params);
    const Result together = host().call("image.resize", image, params, threads);
    CHECK(backwards.pieces > 1);
    CHECK(backwards.output.bytes == together.output.bytes);
    CHECK(worst(together.output, pixels, 900, 1300, 3, 611, 487, mode.filter) <= 0.57);
  }
}

TEST_CASE("every instruction set gives the same bytes") {
  const Bytes pixels = picture(201, 333, 3);
  const Array image = array(pixels, 201, 333, 3);
  const std::vector<std::vector<Param>> calls = {{{"size", Ints{90, 77}}},
                                                 {{"size", Ints{300, 401}}},
                                                 {{"size", Ints{64, 64}}, {"antialias", false}}};
  std::vector<Bytes> best;
  for (const auto& params : calls) {
    best.push_back(host().call("image.resize", image, params).output.bytes);
  }
  int sets = 0;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      CAPTURE(hwy::TargetName(target));
      CHECK(host().call("image.resize", image, calls[i]).output.bytes == best[i]);
    }
    ++sets;
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  CHECK(sets >= 1);
}

TEST_CASE("cancelling and want of memory are reported") {
  const Array image = array(picture(700, 900, 3), 700, 900, 3);
  Conditions cancelled;
  cancelled.cancel_after = 2;
  CHECK(host().call("image.resize", image, {{"size", Ints{400, 400}}}, cancelled).status ==
        COGWAY_CANCELLED);
  Conditions poor;
  poor.scratch_bytes = 1000;
  const Result r = host().call("image.resize", image, {{"size", Ints{400, 400}}}, poor);
  CHECK(r.status == COGWAY_RESOURCE_EXHAUSTED);
  CHECK(r.message.find("scratch") != std::string::npos);
}
