// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/fork.hpp"

#include <pthread.h>

#include <atomic>

namespace cogway::os {
namespace {

// Written only by the child's one thread, before fork() returns there.
std::atomic<std::uint64_t> epoch{1};

// order: relaxed, no pairing: the child has one thread, and its later threads are started by it
void count_child() noexcept { epoch.fetch_add(1, std::memory_order_relaxed); }

// At load, not at first use: a fork between would otherwise go uncounted.
[[maybe_unused]] const int registered = ::pthread_atfork(nullptr, nullptr, count_child);

}  // namespace

// order: relaxed, no pairing: see count_child()
std::uint64_t fork_epoch() noexcept { return epoch.load(std::memory_order_relaxed); }

}  // namespace cogway::os
