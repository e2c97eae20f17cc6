// SPDX-License-Identifier: Apache-2.0
// A warm worker runs every kernel without a single allocation, libjpeg's own included: this
// program's malloc counts those of the pack and of the libraries it uses. Sanitizers bring a malloc
// of their own, so there the calls are made but nothing can be counted.
#include <doctest/doctest.h>

#include "../counted_malloc.hpp"
#include "jpeg_files.hpp"

using namespace pack_host;
using namespace jpeg_files;

namespace {

using Ints = std::vector<std::int64_t>;

std::int64_t allocations_of(const PackHost& host, const char* kernel, const Array& input,
                            const std::vector<Param>& params) {
  Arena arena;
  Conditions conditions;
  conditions.arena = &arena;
  for (int warm = 0; warm < 3; ++warm) {
    REQUIRE(host.call(kernel, input, params, conditions).status == COGWAY_OK);
  }
  conditions.around_run = [](bool begins) { g_counting = begins; };
  g_allocations = 0;
  REQUIRE(host.call(kernel, input, params, conditions).status == COGWAY_OK);
  return g_allocations;
}

}  // namespace

TEST_CASE("no kernel allocates on a warm worker") {
  const PackHost host(COGWAY_IMAGE_PACK);
#if COGWAY_COUNTS_MALLOC
  g_allocations = 0;
  g_counting = true;
  REQUIRE_FALSE(write(picture(8, 8, 3), 8, 8).empty());
  g_counting = false;
  REQUIRE(g_allocations > 0);  // libjpeg's allocations are seen
#endif
  WriteOptions turned;
  turned.orientation = 6;
  WriteOptions progressive;
  progressive.progressive = true;
  const Array baseline = array(write(picture(300, 400, 3), 300, 400));
  const Array on_its_side = array(write(picture(300, 400, 3), 300, 400, turned));
  const Array in_scans = array(write(picture(300, 400, 3), 300, 400, progressive));
  const Array pixels = array(picture(900, 1000, 3), 900, 1000, 3);
  for (const Array* file : {&baseline, &on_its_side, &in_scans}) {
    CHECK(allocations_of(host, "image.decode", *file, {}) == 0);
    CHECK(allocations_of(host, "image.decode", *file, {{"crop", Ints{9, 50, 70, 80}}}) == 0);
    CHECK(allocations_of(host, "image.sample", *file, {{"size", Ints{224}}}) == 0);
    CHECK(allocations_of(host, "image.thumbnail", *file, {{"size", Ints{64}}}) == 0);
  }
  for (const bool scans : {false, true}) {
    CHECK(allocations_of(host, "image.encode", pixels, {{"progressive", scans}}) == 0);
  }
  CHECK(allocations_of(host, "image.resize", pixels, {{"size", Ints{500, 500}}}) == 0);
  CHECK(allocations_of(host, "image.rotate", pixels, {{"angle", 31}}) == 0);
  CHECK(allocations_of(host, "image.grayscale", pixels, {}) == 0);
  CHECK(allocations_of(host, "image.normalize", pixels, {}) == 0);
  CHECK(allocations_of(host, "image.flip", pixels, {}) == 0);
  CHECK(allocations_of(host, "image.crop", pixels, {{"size", Ints{100, 100}}}) == 0);
}
