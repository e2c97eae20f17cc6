// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/buffer_view.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "cogway/bus/bus.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {
namespace {

struct Fixture {
  Fixture() {
    Layout layout;
    REQUIRE(Layout::contiguous(kInt32, std::vector<std::int64_t>{4, 3, 2}, &layout).ok());
    view = BufferView::whole(bus->try_lease(layout));
    auto* items = reinterpret_cast<std::int32_t*>(view.mutable_data());
    std::iota(items, items + 24, 0);
  }
  static std::int32_t first(const BufferView& of) {
    return *reinterpret_cast<const std::int32_t*>(of.data());
  }
  std::shared_ptr<Bus> bus = Bus::create({.capacity = 1 << 20});
  BufferView view;
  BufferView out;
};

TEST_CASE_FIXTURE(Fixture, "items are views of one dimension less that hold the buffer") {
  REQUIRE(view.index(2, &out).ok());
  CHECK(out.layout.ndim == 2);
  CHECK(out.layout.shape[0] == 3);
  CHECK(first(out) == 12);
  REQUIRE(view.index(-1, &out).ok());
  CHECK(first(out) == 18);
  REQUIRE(out.index(1, &out).ok());
  REQUIRE(out.index(1, &out).ok());
  CHECK(first(out) == 21);
  CHECK(out.layout.ndim == 0);
  CHECK(out.index(0, &out).code() == StatusCode::invalid_argument);
  view = BufferView();
  CHECK(bus->used() != 0);
  CHECK(out.buffer.use_count() == 1);
}

TEST_CASE_FIXTURE(Fixture, "indices out of range are refused and change nothing") {
  CHECK(view.index(4, &out).code() == StatusCode::invalid_argument);
  CHECK(view.index(-5, &out).code() == StatusCode::invalid_argument);
  CHECK(view.select(3, 0, &out).code() == StatusCode::invalid_argument);
  CHECK(view.select(1, 3, &out).code() == StatusCode::invalid_argument);
  CHECK(view.select(1, -1, &out).code() == StatusCode::invalid_argument);
  CHECK_FALSE(out);
}

TEST_CASE_FIXTURE(Fixture, "select of an inner dimension") {
  REQUIRE(view.select(1, 2, &out).ok());
  CHECK(out.layout.shape[0] == 4);
  CHECK(out.layout.shape[1] == 2);
  CHECK(out.layout.strides[0] == 24);
  CHECK(first(out) == 4);
}

TEST_CASE_FIXTURE(Fixture, "slices, forwards and backwards") {
  REQUIRE(view.slice(0, 1, 2, 2, &out).ok());
  CHECK(out.layout.shape[0] == 2);
  CHECK(out.layout.strides[0] == 48);
  CHECK(first(out) == 6);
  REQUIRE(view.slice(0, 3, 4, -1, &out).ok());
  CHECK(out.layout.strides[0] == -24);
  CHECK(first(out) == 18);
  REQUIRE(view.slice(0, 4, 0, 1, &out).ok());
  CHECK(out.layout.size() == 0);
  CHECK(out.offset == 0);
}

TEST_CASE_FIXTURE(Fixture, "slices that leave the buffer are refused") {
  CHECK(view.slice(0, 0, 5, 1, &out).code() == StatusCode::invalid_argument);
  CHECK(view.slice(0, 4, 1, 1, &out).code() == StatusCode::invalid_argument);
  CHECK(view.slice(0, 1, 3, -1, &out).code() == StatusCode::invalid_argument);
  CHECK(view.slice(0, 0, 2, 0, &out).code() == StatusCode::invalid_argument);
  CHECK(view.slice(0, 0, -1, 1, &out).code() == StatusCode::invalid_argument);
  CHECK(view.slice(0, 0, INT64_MAX, INT64_MAX, &out).code() == StatusCode::invalid_argument);
  CHECK(view.slice(3, 0, 1, 1, &out).code() == StatusCode::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "what a kernel sees") {
  REQUIRE(view.index(1, &out).ok());
  cogway_view seen;
  out.to_abi(&seen);
  CHECK(seen.size == sizeof(cogway_view));
  CHECK(seen.ndim == 2);
  CHECK(seen.data == out.mutable_data());
  CHECK(seen.dtype.code == COGWAY_INT);
  CHECK(seen.dtype.bits == 32);
  CHECK(seen.nbytes == 24);
  CHECK(seen.shape[1] == 2);
  CHECK(seen.strides[0] == 8);
  REQUIRE(view.slice(2, 0, 1, 1, &out).ok());
  out.to_abi(&seen);
  CHECK(seen.nbytes == 3 * 24 + 2 * 8 + 4);
  REQUIRE(view.slice(0, 0, 0, 1, &out).ok());
  out.to_abi(&seen);
  CHECK(seen.nbytes == 0);
}

}  // namespace
}  // namespace cogway
