// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/fork.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>

namespace cogway::os {
namespace {

// Written only by the child's one thread, before fork() returns there.
std::atomic<std::uint64_t> epoch{1};

// Descriptors to close in children, -1 where there is none; no lock, which a child could find held.
constexpr int kNone = -1;
struct Closed {
  std::atomic<int> fd{kNone};
};
std::array<Closed, 1024> closed;

void count_child() noexcept {
  // order: relaxed, no pairing: the child has one thread, and its later threads are started by it
  epoch.fetch_add(1, std::memory_order_relaxed);
  for (Closed& entry : closed) {
    if (const int fd = entry.fd.exchange(kNone); fd != kNone) ::close(fd);
  }
}

// At load, not at first use: a fork between would otherwise go uncounted.
[[maybe_unused]] const int registered = ::pthread_atfork(nullptr, nullptr, count_child);

}  // namespace

// order: relaxed, no pairing: see count_child()
std::uint64_t fork_epoch() noexcept { return epoch.load(std::memory_order_relaxed); }

void close_in_children(int fd) {
  for (Closed& entry : closed) {
    int none = kNone;
    if (entry.fd.compare_exchange_strong(none, fd)) return;
  }
  throw std::runtime_error("more than 1024 descriptors to close in forked children");
}

void keep_in_children(int fd) noexcept {
  for (Closed& entry : closed) {
    int found = fd;
    if (entry.fd.compare_exchange_strong(found, kNone)) return;
  }
}

}  // namespace cogway::os
