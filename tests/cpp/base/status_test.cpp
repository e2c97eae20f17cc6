// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/status.hpp"

#include <doctest/doctest.h>

#include "cogway/kernel_abi.h"

using namespace cogway;

TEST_CASE("a status is ok until it is not") {
  CHECK(Status().ok());
  const Status bad(StatusCode::data_loss, "truncated");
  CHECK_FALSE(bad.ok());
  CHECK(bad.code() == StatusCode::data_loss);
  CHECK(bad.message() == "truncated");
}

TEST_CASE("every code has a name of its own") {
  CHECK(status_code_name(StatusCode::ok) == "ok");
  CHECK(status_code_name(StatusCode::internal) == "internal");
  CHECK(status_code_name(static_cast<StatusCode>(99)) == "unknown");
  for (int code = 0; code <= 11; ++code) {
    CHECK(status_code_name(static_cast<StatusCode>(code)) != "unknown");
  }
}
