// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/buffer.hpp"

#include <new>
#include <string>

#include "bus/debug_arena.hpp"
#include "bus/lent_buffer.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/bus/shared_bus.hpp"

namespace cogway {
namespace {

Status foreign() {
  return {StatusCode::failed_precondition,
          "this buffer belongs to the parent process: a forked child can only read it"};
}

Status exported(const char* verb, std::uint32_t exports) {
  return {
      StatusCode::failed_precondition,
      std::string("cannot ") + verb + " the buffer while " + std::to_string(exports) +
          " writable view" + (exports == 1 ? "" : "s") +
          " of it (memoryview, array, tensor or running task) can still write: drop them first"};
}

/// Null without debug mode.
detail::DebugArena* arena_of(const BufferRef& buffer) noexcept {
  return buffer.bus() == nullptr ? nullptr : buffer.bus()->debug_arena();
}

/// Debug mode: whether nobody wrote beyond the buffer.
[[gnu::noinline]] Status intact(const BufferRef& buffer, const char* when) {
  detail::DebugArena* arena = arena_of(buffer);
  Finding found;
  if (arena->check(buffer, nullptr, {}, when, &found)) return {};
  std::string message = found.message;
  arena->report()->add(std::move(found), false);
  return {StatusCode::internal, std::move(message)};
}

}  // namespace

const char* buffer_state_name(BufferState state) noexcept {
  switch (state) {
    case BufferState::free:
      return "free";
    case BufferState::leased:
      return "leased";
    case BufferState::frozen:
      return "frozen";
    case BufferState::transferred:
      return "transferred";
  }
  return "unknown";
}

BufferId BufferRef::id() const noexcept {
  const BufferHeader& header = *record_->header;
  // order: relaxed, constant while the buffer is referenced
  return {header.size_class, header.block, header.generation.load(std::memory_order_relaxed)};
}

bool BufferRef::belongs_here() const noexcept {
  return record_->fork_epoch == 0 || record_->fork_epoch == os::fork_epoch();
}

Status BufferRef::freeze() const {
  if (!belongs_here()) return foreign();
  if (arena_of(*this) != nullptr) [[unlikely]] {
    if (Status status = intact(*this, "when it was frozen"); !status.ok()) return status;
  }
  StateWord<>& state = record_->header->state;
  for (;;) {
    if (state.try_freeze()) return {};
    const BufferState now = state.state();
    if (now == BufferState::frozen) return {};
    if (now == BufferState::transferred) {
      return {StatusCode::failed_precondition,
              "cannot freeze a transferred buffer: it belongs to the framework that took it"};
    }
    const std::uint32_t exports = state.writable_exports();
    if (exports != 0) return exported("freeze", exports);
    // An export ended between the two looks: try again.
  }
}

Status BufferRef::transfer() const {
  if (!belongs_here()) return foreign();
  if (arena_of(*this) != nullptr) [[unlikely]] {
    if (Status status = intact(*this, "when it was transferred"); !status.ok()) return status;
  }
  StateWord<>& state = record_->header->state;
  for (;;) {
    const BufferState now = state.state();
    if (now == BufferState::transferred) {
      return {StatusCode::failed_precondition, "the buffer is transferred already"};
    }
    if (now == BufferState::frozen && shared_bus() != nullptr) {
      return {StatusCode::failed_precondition,
              "cannot transfer a frozen buffer of a shared bus: other processes may read it at any "
              "time; transfer it instead of freezing it, or copy it"};
    }
    if (now == BufferState::frozen && use_count() != 1) {
      return {StatusCode::failed_precondition,
              "cannot transfer a frozen buffer that others hold (" + std::to_string(use_count()) +
                  " references): they rely on its content; copy it instead"};
    }
    if (state.try_transfer(now)) return {};
    const std::uint32_t exports = state.writable_exports();
    if (exports != 0) return exported("transfer", exports);
  }
}

Status BufferRef::shrink(std::span<const std::int64_t> shape) const {
  if (!belongs_here()) return foreign();
  const Layout& now = layout();
  if (state() != BufferState::leased) {
    return {StatusCode::failed_precondition,
            std::string("cannot shrink a ") + buffer_state_name(state()) + " buffer"};
  }
  Layout shrunk;
  if (Status status = Layout::contiguous(now.dtype, shape, &shrunk); !status.ok()) return status;
  bool fits = shrunk.ndim == now.ndim;
  for (std::uint32_t i = 0; fits && i < now.ndim; ++i) fits = shrunk.shape[i] <= now.shape[i];
  if (!fits) {
    return {StatusCode::invalid_argument,
            "cannot shrink " + now.describe() + " to " + shrunk.describe()};
  }
  record_->header->layout = shrunk;
  return {};
}

BufferRef lend_buffer(const Layout& layout, void* data, bool read_only, void* owner,
                      ReleaseFunction release) {
  auto* lent = new detail::LentBuffer;
  lent->header.layout = layout;
  lent->header.state.begin_lease();
  // Nothing else knows of it yet, so this cannot fail.
  if (read_only) static_cast<void>(lent->header.state.try_freeze());
  lent->record.header = &lent->header;
  lent->record.payload = static_cast<std::byte*>(data);
  lent->record.release = release;
  lent->record.owner = owner;
  lent->record.count.start();
  return BufferRef::adopt(&lent->record);
}

void detail::release_record(BufferRecord* record) noexcept {
  if (record->shared != nullptr) {
    record->shared->release_record(record);
    return;
  }
  if (record->bus == nullptr) {
    const ReleaseFunction release = record->release;
    void* owner = record->owner;
    delete LentBuffer::of(record);
    if (release != nullptr) release(owner);
    return;
  }
  // A forked child's exit must not give up what its parent still holds.
  if (record->fork_epoch != os::fork_epoch()) return;
  if (record->header->participants.leave(record->bus->participant_))
    record->bus->free_block(record);
}

}  // namespace cogway
