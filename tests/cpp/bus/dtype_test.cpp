// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/dtype.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace cogway {
namespace {

constexpr std::array kAll{kBool,    kInt8,    kInt16,    kInt32,     kInt64,
                          kUint8,   kUint16,  kUint32,   kUint64,    kFloat16,
                          kFloat32, kFloat64, kBfloat16, kComplex64, kComplex128};

TEST_CASE("every dtype is found by its own name and format") {
  for (const DType dtype : kAll) {
    CAPTURE(std::string(dtype.name()));
    CHECK(dtype.supported());
    CHECK(DType::parse(dtype.name()) == dtype);
    if (!dtype.format().empty()) CHECK(DType::parse_format(dtype.format()) == dtype);
    CHECK(dtype.format().empty() == dtype.typestr().empty());
  }
}

TEST_CASE("item sizes") {
  CHECK(kBool.itemsize() == 1);
  CHECK(kFloat16.itemsize() == 2);
  CHECK(kComplex128.itemsize() == 16);
}

TEST_CASE("names of other libraries are understood") {
  CHECK(DType::parse("bool_") == kBool);
  CHECK(DType::parse("half") == kFloat16);
  CHECK(DType::parse("double") == kFloat64);
  CHECK_FALSE(DType::parse("object").has_value());
  CHECK_FALSE(DType::parse("").has_value());
}

TEST_CASE("formats: byte order and C long") {
  CHECK(DType::parse_format("@f") == kFloat32);
  CHECK(DType::parse_format("<d") == kFloat64);
  CHECK(DType::parse_format("l") == kInt64);
  CHECK(DType::parse_format("=l") == kInt32);
  CHECK(DType::parse_format("<L") == kUint32);
  CHECK(DType::parse_format("c") == kUint8);
  CHECK_FALSE(DType::parse_format(">i").has_value());
  CHECK_FALSE(DType::parse_format("T{i:a:}").has_value());
  CHECK_FALSE(DType::parse_format("").has_value());
}

TEST_CASE("types that the bus cannot hold have no name") {
  constexpr DType kVector{DTypeCode::floating, 32, 4};
  constexpr DType kOdd{DTypeCode::signed_integer, 12, 1};
  constexpr DType kUnknown{static_cast<DTypeCode>(9), 8, 1};
  for (const DType dtype : {kVector, kOdd, kUnknown}) {
    CHECK_FALSE(dtype.supported());
    CHECK(dtype.name().empty());
    CHECK(dtype.format().empty());
    CHECK(dtype.typestr().empty());
  }
}

}  // namespace
}  // namespace cogway
