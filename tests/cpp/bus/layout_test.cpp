// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/layout.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace cogway {
namespace {

using Dims = std::vector<std::int64_t>;

Layout contiguous(DType dtype, const Dims& shape) {
  Layout layout;
  REQUIRE(Layout::contiguous(dtype, shape, &layout).ok());
  return layout;
}

StatusCode refusal(DType dtype, const Dims& shape) {
  Layout layout;
  return Layout::contiguous(dtype, shape, &layout).code();
}

TEST_CASE("contiguous strides count in bytes from the last dimension") {
  const Layout layout = contiguous(kFloat32, {2, 3, 4});
  CHECK(layout.strides[0] == 48);
  CHECK(layout.strides[1] == 16);
  CHECK(layout.strides[2] == 4);
  CHECK(layout.size() == 24);
  CHECK(layout.nbytes() == 96);
  CHECK(layout.is_c_contiguous());
  CHECK_FALSE(layout.is_f_contiguous());
  CHECK(layout.describe() == "float32[2, 3, 4]");
}

TEST_CASE("a scalar has one element and no dimension") {
  const Layout layout = contiguous(kInt64, {});
  CHECK(layout.ndim == 0);
  CHECK(layout.size() == 1);
  CHECK(layout.nbytes() == 8);
  CHECK(layout.is_c_contiguous());
  CHECK(layout.is_f_contiguous());
}

TEST_CASE("empty dimensions have no bytes and any contiguity") {
  const Layout layout = contiguous(kInt64, {3, 0, 5});
  CHECK(layout.nbytes() == 0);
  CHECK(layout.is_c_contiguous());
  CHECK(layout.is_f_contiguous());
}

TEST_CASE("what cannot be described is refused") {
  CHECK(refusal(kUint8, {-1}) == StatusCode::invalid_argument);
  CHECK(refusal(kUint8, {1, 1, 1, 1, 1, 1, 1, 1, 1}) == StatusCode::invalid_argument);
  CHECK(refusal({DTypeCode::floating, 24, 1}, {1}) == StatusCode::invalid_argument);
  CHECK(refusal(kUint8, {std::int64_t{1} << 32, std::int64_t{1} << 31}) ==
        StatusCode::invalid_argument);
  // A zero does not hide an impossible neighbour.
  CHECK(refusal(kFloat64, {0, std::int64_t{1} << 62}) == StatusCode::invalid_argument);
  CHECK(refusal(kUint8, {std::int64_t{1} << 62}) == StatusCode::ok);
}

TEST_CASE("strided layouts report the bytes they reach") {
  Layout layout;
  std::int64_t lowest = 1;
  std::int64_t end = 1;
  const Dims shape{3, 4};
  REQUIRE(Layout::strided(kInt16, shape, Dims{-100, 2}, &layout, &lowest, &end).ok());
  CHECK(lowest == -200);
  CHECK(end == 3 * 2 + 2);
  REQUIRE(Layout::strided(kInt16, shape, Dims{2, 6}, &layout, &lowest, &end).ok());
  CHECK(lowest == 0);
  CHECK(end == 2 * 2 + 3 * 6 + 2);
  CHECK(layout.is_f_contiguous());
  CHECK_FALSE(layout.is_c_contiguous());
  REQUIRE(Layout::strided(kInt16, Dims{0, 4}, Dims{8, 2}, &layout, &lowest, &end).ok());
  CHECK(lowest == 0);
  CHECK(end == 0);
}

TEST_CASE("strides that overflow or miscount are refused") {
  Layout layout;
  std::int64_t lowest = 0;
  std::int64_t end = 0;
  CHECK(Layout::strided(kInt16, Dims{3}, Dims{2, 2}, &layout, &lowest, &end).code() ==
        StatusCode::invalid_argument);
  CHECK(Layout::strided(kInt16, Dims{3}, Dims{INT64_MAX}, &layout, &lowest, &end).code() ==
        StatusCode::invalid_argument);
  CHECK(Layout::strided(kInt16, Dims{2, 2}, Dims{INT64_MIN / 2, INT64_MIN / 2}, &layout, &lowest,
                        &end)
            .code() == StatusCode::invalid_argument);
}

TEST_CASE("equality ignores strides of single elements") {
  Layout a = contiguous(kUint8, {1, 4});
  Layout b = a;
  b.strides[0] = 99;
  CHECK(a == b);
  b.strides[1] = 2;
  CHECK_FALSE(a == b);
  CHECK_FALSE(a == contiguous(kInt8, {1, 4}));
  CHECK(Layout::bytes(10) == contiguous(kUint8, {10}));
}

}  // namespace
}  // namespace cogway
