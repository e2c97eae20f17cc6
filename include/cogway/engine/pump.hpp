// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs one piece of code for many callers without a lock and without losing a request: whoever
// comes while it runs leaves a mark and goes, and the one inside runs it once more.

#include <atomic>
#include <cstdint>

namespace cogway {

/// **Threads**: any. **Ownership**: the code is the caller's, the same at every call.
/// **Progress**: callers never wait for each other; the one inside goes round as long as others
/// come.
/// **Order**: a run begins after the request that it serves, and sees what was done before it; runs
/// see each other's effects.
template <template <typename> class Atom = std::atomic>
class Pump {
 public:
  template <typename Work>
  void run(Work&& work) noexcept {
    // order: acq_rel, release publishes what the request is about to the thread inside; acquire
    // takes over what the last run did
    if (requests_.fetch_add(1, std::memory_order_acq_rel) != 0) return;
    // order: acquire, pairs with the release of the requests that it counts
    std::uint32_t seen = requests_.load(std::memory_order_acquire);
    for (;;) {
      work();
      // order: acq_rel, release hands the effects on; acquire takes the requests that came
      // meanwhile
      if (requests_.compare_exchange_strong(seen, 0, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
        return;
      }
    }
  }

 private:
  Atom<std::uint32_t> requests_{0};  ///< 0: nobody inside
};

}  // namespace cogway
