// SPDX-License-Identifier: Apache-2.0
#include "call_block.hpp"

#include "record_pool.hpp"

namespace cogway {
namespace {

struct CallTraits {
  using Cache = detail::RecordCache<CallBlock>;
  static CallBlock*& link(CallBlock& block) noexcept { return block.link; }
  static std::atomic<std::uint32_t>& row_link(CallBlock& block) noexcept { return block.row_link; }
  static std::uint32_t& row_count(CallBlock& block) noexcept { return block.row_count; }
  static std::uint32_t& index(CallBlock& block) noexcept { return block.index; }
  static Cache& cache() noexcept { return cache_; }
  static void at_exit(Cache& cache) noexcept;

 private:
  [[gnu::tls_model("initial-exec")]] static constinit thread_local Cache cache_;
};

using CallPool = detail::RecordPool<CallBlock, CallTraits>;

constinit CallPool pool_of_calls;  // trivially destroyed: records outlive every engine

[[gnu::tls_model("initial-exec")]] constinit thread_local CallTraits::Cache CallTraits::cache_{};

void CallTraits::at_exit(Cache& cache) noexcept {
  struct Flush {
    ~Flush() {
      CallTraits::cache().stage = 2;
      pool_of_calls.flush(CallTraits::cache());
    }
  };
  if (cache.stage != 0) return;
  cache.stage = 1;
  thread_local Flush flush;
  (void)flush;
}

}  // namespace

void CallBlock::release_inputs() noexcept {
  for (std::uint8_t i = 0; i < n_inputs; ++i) owners[i].reset();
  n_inputs = 0;
  if (!has_out) return;
  for (std::uint8_t i = 0; i < n_outputs; ++i) {
    exports[i].reset();
    out[i].buffer.reset();
  }
}

void CallBlock::release_outputs() noexcept {
  for (std::uint8_t i = 0; i < n_outputs; ++i) buffers[i].reset();
  n_outputs = 0;
}

CallBlock* CallBlock::take() { return pool_of_calls.take(); }

void CallBlock::give() noexcept {
  release_inputs();
  release_outputs();
  reservation.reset();
  params.clear();
  described = false;
  has_out = false;
  freeze = true;
  pinned_worker = -1;
  needed = 0;
  pool_of_calls.give(this);
}

std::uint64_t CallBlock::records() noexcept { return pool_of_calls.records(); }
std::uint64_t CallBlock::allocations() noexcept { return pool_of_calls.allocations(); }

}  // namespace cogway
