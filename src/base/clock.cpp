// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/clock.hpp"

#include "cogway/base/assert.hpp"

namespace cogway {
namespace {
class MonotonicClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return monotonic_now(); }
};
}  // namespace

const Clock& Clock::monotonic() noexcept {
  static const MonotonicClock clock;
  return clock;
}

void ManualClock::advance(Nanoseconds duration) noexcept {
  COGWAY_ASSERT(duration >= Nanoseconds::zero(), "a manual clock cannot go back");
  // order: release, pairs with now() acquire; publishes what the caller did before the new time
  now_ns_.fetch_add(duration.count(), std::memory_order_release);
}

}  // namespace cogway
