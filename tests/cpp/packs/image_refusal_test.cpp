// SPDX-License-Identifier: Apache-2.0
// What the kernels that read JPEGs say to bytes that are none, are damaged, hostile or unsupported.
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

/// The three kernels that decode, each with what it needs.
const std::vector<std::pair<std::string, std::vector<Param>>>& readers() {
  static const std::vector<std::pair<std::string, std::vector<Param>>> all = {
      {"image.decode", {}},
      {"image.sample", {{"size", Ints{32, 32}}, {"crop", "none"}}},
      {"image.thumbnail", {{"size", Ints{32, 32}}}}};
  return all;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

Bytes sample_file(const WriteOptions& options = {}) {
  return write(picture(120, 160, 3), 120, 160, options);
}

}  // namespace

TEST_CASE("bytes that are no JPEG are named for what they look like") {
  const std::vector<std::pair<Bytes, const char*>> files = {
      {{}, "empty"},
      {{0x89, 'P', 'N', 'G', 13, 10, 26, 10}, "PNG"},
      {{'G', 'I', 'F', '8', '9', 'a'}, "GIF"},
      {{'R', 'I', 'F', 'F', 1, 2, 3, 4, 'W', 'E', 'B', 'P'}, "WebP"},
      {{'%', 'P', 'D', 'F', '-'}, "PDF"},
      {{'<', '!', 'D', 'O', 'C', 'T', 'Y', 'P', 'E'}, "HTML"},
      {{0, 0, 0, 24, 'f', 't', 'y', 'p', 'h', 'e', 'i', 'c'}, "HEIC"},
      {{1, 2, 3}, "begin with 01 02 03"},
      {{0xFF, 0xD8}, "begin with ff d8"},
  };
  for (const auto& [name, params] : readers()) {
    for (const auto& [bytes, word] : files) {
      const Result r = host().call(name, array(bytes), params);
      CAPTURE(r.message);
      CHECK(r.status == COGWAY_DATA_LOSS);
      CHECK(contains(r.message, "not a JPEG"));
      CHECK(contains(r.message, word));
    }
  }
}

TEST_CASE("every truncation is refused, or kept by choice; nothing crashes") {
  for (const bool progressive : {false, true}) {
    WriteOptions options;
    options.progressive = progressive;
    const Bytes whole = sample_file(options);
    const std::size_t scan = find_marker(whole, 0xDA);
    REQUIRE(scan != 0);
    const std::size_t first_data = scan - 2 + whole[scan - 1];
    for (std::size_t n = 0; n + 8 < whole.size(); n += n < 700 ? 13 : 97) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
      for (const auto& [name, params] : readers()) {
        CAPTURE(name);
        CAPTURE(n);
        const Result r = host().call(name, array(cut), params);
        CHECK(r.status == COGWAY_DATA_LOSS);
        CHECK_FALSE(r.message.empty());
        std::vector<Param> kept = params;
        kept.push_back({"allow_truncated", true});
        const Result k = host().call(name, array(cut), kept);
        if (n > first_data) {
          CHECK(k.status == COGWAY_OK);
          CHECK(contains(r.message, "truncated"));
        } else {
          CHECK(k.status == COGWAY_DATA_LOSS);
        }
      }
    }
  }
}

TEST_CASE("what a truncated file still has is kept as it is") {
  const Bytes whole = sample_file();
  const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * 2 / 3));
  const Result all = host().call("image.decode", array(whole), {});
  const Result kept = host().call("image.decode", array(cut), {{"allow_truncated", true}});
  REQUIRE(kept.status == COGWAY_OK);
  const std::size_t half = all.output.bytes.size() / 2;
  CHECK(std::equal(all.output.bytes.begin(),
                   all.output.bytes.begin() + static_cast<std::ptrdiff_t>(half),
                   kept.output.bytes.begin()));
}

TEST_CASE("processes that are not supported are named") {
  const Bytes file = sample_file();
  const std::size_t frame = find_marker(file, 0xC0);
  REQUIRE(frame != 0);
  struct Case {
    std::uint8_t marker;
    const char* word;
  };
  for (const Case c : {Case{0xC3, "lossless"},
                       {0xC5, "hierarchical"},
                       {0xC9, "arithmetic"},
                       {0xCB, "arithmetic"}}) {
    Bytes changed = file;
    changed[frame - 3] = c.marker;
    for (const auto& [name, params] : readers()) {
      const Result r = host().call(name, array(changed), params);
      CHECK(r.status == COGWAY_UNIMPLEMENTED);
      CHECK(contains(r.message, c.word));
    }
  }
  Bytes deep = file;
  deep[frame] = 12;
  CHECK(contains(host().call("image.decode", array(deep), {}).message, "12 bits"));
  WriteOptions arithmetic;
  arithmetic.arithmetic = true;
  CHECK(host().call("image.decode", array(sample_file(arithmetic)), {}).status ==
        COGWAY_UNIMPLEMENTED);
  Bytes two = file;
  two[frame + 5] = 2;
  CHECK(host().call("image.decode", array(two), {}).status == COGWAY_UNIMPLEMENTED);
}

TEST_CASE("huge dimensions are refused before anything is allocated") {
  Bytes file = sample_file();
  const std::size_t frame = find_marker(file, 0xC0);
  for (std::size_t i = 1; i <= 4; ++i) file[frame + i] = 0xFF;
  Conditions poor;
  poor.scratch_bytes = 0;
  for (const auto& [name, params] : readers()) {
    const Result r = host().call(name, array(file), params, poor);
    CHECK(r.status == COGWAY_RESOURCE_EXHAUSTED);
    CHECK(contains(r.message, "65535x65535"));
    CHECK(contains(r.message, "max_pixels=178956970"));
  }
  const Bytes small = sample_file();
  CHECK(host().call("image.decode", array(small), {{"max_pixels", 120 * 160}}).status == COGWAY_OK);
  CHECK(host().call("image.decode", array(small), {{"max_pixels", 120 * 160 - 1}}).status ==
        COGWAY_RESOURCE_EXHAUSTED);
  Bytes flat = small;
  flat[frame + 1] = flat[frame + 2] = 0;
  CHECK(host().call("image.decode", array(flat), {}).status == COGWAY_DATA_LOSS);
}

TEST_CASE("damaged entropy data is an error, and kept by choice") {
  const Bytes whole = sample_file();
  const std::size_t scan = find_marker(whole, 0xDA);
  for (std::size_t at = scan + 20; at + 40 < whole.size(); at += 101) {
    Bytes bad = whole;
    bad[at] = 0xFF;
    bad[at + 1] = JPEG_EOI;  // an end in the middle
    const Result r = host().call("image.decode", array(bad), {});
    CHECK(r.status == COGWAY_DATA_LOSS);
    CHECK(contains(r.message, "premature end"));
    CHECK(host().call("image.decode", array(bad), {{"allow_truncated", true}}).status == COGWAY_OK);
    // Other damage may still make sense as entropy data; it must end one way or the other.
    for (std::size_t i = 0; i < 24; ++i) bad[at + i] = static_cast<std::uint8_t>(0x55 + 7 * i);
    const Result noise = host().call("image.decode", array(bad), {});
    CHECK((noise.status == COGWAY_OK || noise.status == COGWAY_DATA_LOSS));
  }
}

TEST_CASE("a file without tables does not live off the file before") {
  const Bytes whole = sample_file();
  const std::size_t table = find_marker(whole, 0xDB);
  REQUIRE(table != 0);
  Bytes stripped = whole;
  for (std::size_t at = table; at != 0; at = find_marker(stripped, 0xDB)) {
    const std::size_t length = (std::size_t{stripped[at - 2]} << 8) | stripped[at - 1];
    stripped.erase(stripped.begin() + static_cast<std::ptrdiff_t>(at - 4),
                   stripped.begin() + static_cast<std::ptrdiff_t>(at - 2 + length));
  }
  for (int round = 0; round < 3; ++round) {
    CHECK(host().call("image.decode", array(whole), {}).status == COGWAY_OK);
    const Result r = host().call("image.decode", array(stripped), {});
    CHECK(r.status == COGWAY_DATA_LOSS);
    CAPTURE(r.message);
    CHECK(contains(r.message, "uantization table"));
  }
}

TEST_CASE("crops, scales and sizes that make no sense are refused at the call") {
  const Bytes file = sample_file();
  for (const Ints& box :
       {Ints{0, 0, 121, 10}, Ints{0, 100, 10, 61}, Ints{0, 0, 0, 10}, Ints{120, 0, 1, 1}}) {
    const Result r = host().call("image.decode", array(file), {{"crop", box}});
    CHECK(r.status == COGWAY_INVALID_ARGUMENT);
    CHECK_FALSE(r.described);
    CHECK(contains(r.message, "120x160"));
  }
  for (const int scale : {3, 5, 6, 7}) {
    const Result r = host().call("image.decode", array(file), {{"scale", scale}});
    CHECK(r.status == COGWAY_INVALID_ARGUMENT);
    CHECK(contains(r.message, "1, 2, 4 or 8"));
  }
}

TEST_CASE("cancelling is seen within a few rows, whatever runs") {
  const Bytes baseline = write(picture(600, 400, 3), 600, 400);
  WriteOptions options;
  options.progressive = true;
  const Bytes progressive = write(picture(600, 400, 3), 600, 400, options);
  for (const auto& [name, params] : readers()) {
    for (const Bytes* file : {&baseline, &progressive}) {
      for (const std::int64_t looks : {0, 1, 3, 7}) {
        Conditions conditions;
        conditions.cancel_after = looks;
        const Result r = host().call(name, array(*file), params, conditions);
        CAPTURE(name);
        CAPTURE(looks);
        CHECK(r.status == COGWAY_CANCELLED);
      }
      CHECK(host().call(name, array(*file), params).status == COGWAY_OK);
    }
  }
}

TEST_CASE("a host without scratch memory gets an error, wherever it ends") {
  WriteOptions options;
  options.orientation = 6;
  const Bytes file = write(picture(300, 200, 3), 300, 200, options);
  for (const auto& [name, params] : readers()) {
    bool succeeded = false;
    for (std::size_t bytes = 0; bytes < (std::size_t{4} << 20); bytes += 37'000) {
      Conditions conditions;
      conditions.scratch_bytes = bytes;
      const Result r = host().call(name, array(file), params, conditions);
      CHECK((r.status == COGWAY_RESOURCE_EXHAUSTED || r.status == COGWAY_OK));
      succeeded = succeeded || r.status == COGWAY_OK;
    }
    CHECK(succeeded);
  }
}

TEST_CASE("a walk over endless segments ends") {
  Bytes file = {0xFF, 0xD8};
  for (int i = 0; i < 5000; ++i) file.insert(file.end(), {0xFF, 0xE2, 0, 2});
  const Result r = host().call("image.decode", array(file), {});
  CHECK(r.status == COGWAY_DATA_LOSS);
  CHECK(contains(r.message, "segments"));
}

TEST_CASE("EXIF that makes no sense leaves the image as stored") {
  WriteOptions options;
  options.orientation = 6;
  const Bytes file = sample_file(options);
  const std::size_t exif_at = find_marker(file, 0xE1);
  REQUIRE(exif_at != 0);
  for (std::size_t i = 6; i < 32; ++i) {
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0xFF}, std::uint8_t{9}}) {
      Bytes changed = file;
      changed[exif_at + i] = value;
      CHECK(host().call("image.decode", array(changed), {}).status == COGWAY_OK);
    }
  }
}
