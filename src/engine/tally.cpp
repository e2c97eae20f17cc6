// SPDX-License-Identifier: Apache-2.0
#include "tally.hpp"

namespace cogway {
namespace {
[[gnu::tls_model("initial-exec")]] constinit thread_local std::size_t my_slot = SharedTally::kCells;
}  // namespace

std::size_t SharedTally::slot() noexcept {
  if (my_slot == kCells) {
    static std::atomic<std::size_t> next{0};
    my_slot = next.fetch_add(1) % kCells;
  }
  return my_slot;
}

}  // namespace cogway
