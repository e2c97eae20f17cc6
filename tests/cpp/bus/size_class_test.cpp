// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/size_class.hpp"

#include <doctest/doctest.h>

namespace cogway {
namespace {

TEST_CASE("classes grow, are aligned, and waste at most a quarter") {
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    const std::uint64_t bytes = size_class_bytes(i);
    CAPTURE(i);
    CHECK(bytes % kPayloadAlignment == 0);
    if (i > 0) CHECK(bytes > size_class_bytes(i - 1));
    // Above the linear range, where 64 bytes is the grain.
    if (bytes > 512) CHECK(bytes - size_class_least_charge(i) < bytes / 4);
  }
}

TEST_CASE("a class is the smallest that holds the bytes") {
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    const std::uint64_t bytes = size_class_bytes(i);
    CAPTURE(i);
    CHECK(size_class_of(bytes) == i);
    CHECK(size_class_of(size_class_least_charge(i)) == i);
    if (i + 1 < kSizeClasses) CHECK(size_class_of(bytes + 1) == i + 1);
  }
  CHECK(size_class_of(0) == 0);
  CHECK(size_class_of(1) == 0);
}

}  // namespace
}  // namespace cogway
