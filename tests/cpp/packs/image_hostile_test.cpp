// SPDX-License-Identifier: Apache-2.0
// The seeds of the fuzzers and the hostile files kept beside them, through every kernel that reads
// JPEGs: whatever they come to, it is a status with a message, the same twice, and a good file
// decodes after.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "jpeg_files.hpp"

using namespace pack_host;
using namespace jpeg_files;

namespace {

const PackHost& host() {
  static const PackHost h(COGWAY_IMAGE_PACK);
  return h;
}

using Ints = std::vector<std::int64_t>;

std::vector<std::filesystem::path> files() {
  const auto root = std::filesystem::path(COGWAY_TESTS_FOLDER) / "fuzz";
  std::vector<std::filesystem::path> found;
  for (const char* folder : {"regression", "corpus/decode"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

Bytes contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const std::vector<std::pair<std::string, std::vector<Param>>>& calls() {
  static const std::vector<std::pair<std::string, std::vector<Param>>> all = {
      {"image.decode", {}},
      {"image.decode", {{"color", "gray"}, {"scale", 2}}},
      {"image.decode", {{"crop", Ints{3, 5, 11, 13}}}},
      {"image.decode", {{"crop", Ints{20, 1, 6, 35}}, {"orient", false}}},
      {"image.sample", {{"size", Ints{16, 24}}, {"index", 3}}},
      {"image.sample", {{"size", Ints{4}}, {"crop", "center"}, {"dtype", "uint8"}}},
      {"image.thumbnail", {{"size", Ints{16}}}}};
  return all;
}

}  // namespace

TEST_CASE("no file crashes, hangs, or gives anything but a status with its reason") {
  const auto paths = files();
  REQUIRE(paths.size() > 40);
  const Bytes good = write(gradient(30, 40, 3), 30, 40);
  const Bytes expected = host().call("image.decode", array(good), {}).output.bytes;
  int succeeded = 0;
  for (const auto& path : paths) {
    const Array file = array(contents(path));
    CAPTURE(path.string());
    for (const auto& [kernel, params] : calls()) {
      for (const bool tolerant : {false, true}) {
        std::vector<Param> all = params;
        all.insert(all.end(), {{"allow_truncated", tolerant}, {"max_pixels", 1 << 20}});
        const Result first = host().call(kernel, file, all);
        const Result second = host().call(kernel, file, all);
        CAPTURE(first.message);
        CHECK((first.status == COGWAY_OK) == first.message.empty());
        CHECK((first.status == COGWAY_OK || first.status == COGWAY_DATA_LOSS ||
               first.status == COGWAY_UNIMPLEMENTED || first.status == COGWAY_INVALID_ARGUMENT ||
               first.status == COGWAY_RESOURCE_EXHAUSTED));
        CHECK(first.status == second.status);
        CHECK(first.output.bytes == second.output.bytes);
        succeeded += first.status == COGWAY_OK;
      }
    }
    REQUIRE(host().call("image.decode", array(good), {}).output.bytes == expected);
  }
  CHECK(succeeded > 100);
}

TEST_CASE("files that look whole but are not are refused for what is wrong with them") {
  const auto root = std::filesystem::path(COGWAY_TESTS_FOLDER) / "fuzz";
  const auto message = [&](const char* name) {
    return host().call("image.decode", array(contents(root / "regression" / name)), {}).message;
  };
  const auto says = [&](const std::string& name, const char* words) {
    const std::string text = message(name.c_str());
    CAPTURE(name);
    CAPTURE(text);
    CHECK(text.find(words) != std::string::npos);
  };
  says("empty", "empty");
  says("largest", "max_pixels");
  says("no-lines", "37x0 pixels");
  says("larger-than-data", "premature end");
  says("segment-length-0", "impossible length 0");
  says("segment-beyond-end", "truncated JPEG");
  says("two-frames", "two SOF");
  says("huffman-overfull", "Bogus Huffman table");
  says("scans", "progression");
  const Array scans = array(contents(root / "regression" / "scans"));
  const Result endless = host().call("image.decode", scans, {{"allow_truncated", true}});
  CHECK(endless.status == COGWAY_DATA_LOSS);
  CHECK(endless.message == "progressive JPEG has more than 128 scans");
}
