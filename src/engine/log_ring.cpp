// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/log_ring.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "cogway/base/clock.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "utf8.hpp"

namespace cogway {

/// Records by index: free ones in one queue, filled ones in the other.
struct LogRing::Impl {
  explicit Impl(std::size_t size)
      : capacity(size), free(size), filled(size), records(std::make_unique<LogRecord[]>(size)) {
    for (std::size_t i = 0; i < size; ++i) (void)free.try_push(static_cast<std::uint32_t>(i));
  }
  const std::size_t capacity;
  MpmcQueue<std::uint32_t> free;
  MpmcQueue<std::uint32_t> filled;
  std::unique_ptr<LogRecord[]> records;
  std::atomic<std::int64_t> waiting{0};
  void (*hook)(void*) noexcept = nullptr;
  void* argument = nullptr;
};

namespace {

template <std::size_t kSize>
void copy_text(char (&to)[kSize], std::string_view text) noexcept {
  const std::size_t size = utf8_prefix(text, kSize - 1);
  if (size != 0) std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

}  // namespace

LogRing::LogRing(std::size_t capacity) : impl_(std::make_unique<Impl>(capacity)) {}
LogRing::~LogRing() = default;

bool LogRing::push(std::int32_t level, std::int32_t worker, std::string_view name,
                   std::string_view message) noexcept {
  const std::optional<std::uint32_t> index = impl_->free.try_pop();
  if (!index) {
    // order: relaxed, a statistic
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  LogRecord& record = impl_->records[*index];
  record.time_ns = monotonic_now().time_since_epoch().count();
  record.level = level;
  record.worker = worker;
  copy_text(record.name, name);
  copy_text(record.message, message);
  (void)impl_->filled.try_push(*index);  // as many places as records: never full
  if (impl_->waiting.fetch_add(1) == 0 && impl_->hook != nullptr) impl_->hook(impl_->argument);
  return true;
}

bool LogRing::pop(LogRecord* record) noexcept {
  const std::optional<std::uint32_t> index = impl_->filled.try_pop();
  if (!index) return false;
  impl_->waiting.fetch_sub(1);
  *record = impl_->records[*index];
  (void)impl_->free.try_push(*index);
  return true;
}

std::size_t LogRing::capacity() const noexcept { return impl_->capacity; }

void LogRing::set_hook(void (*hook)(void*) noexcept, void* argument) noexcept {
  impl_->argument = argument;
  impl_->hook = hook;
}

}  // namespace cogway
