// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace cogway::detail {

void assert_failed(const char* condition, const char* reason, const char* file, int line) noexcept {
  std::fprintf(stderr, "cogway: broken invariant at %s:%d: %s (%s)\n", file, line, reason,
               condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace cogway::detail
