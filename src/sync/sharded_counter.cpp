// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/sharded_counter.hpp"

namespace cogway {

std::size_t shard_of_thread() noexcept {
  static std::atomic<std::size_t> next{0};
  // order: relaxed, only the number counts
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace cogway
