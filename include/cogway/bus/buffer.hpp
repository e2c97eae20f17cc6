// SPDX-License-Identifier: Apache-2.0
#pragma once
// A reference to a buffer: typed memory on the bus, or lent from outside for as long as it is
// referenced. BufferRef is what every layer above passes around; it is one pointer.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "cogway/base/status.hpp"
#include "cogway/bus/buffer_header.hpp"
#include "cogway/bus/buffer_references.hpp"
#include "cogway/bus/buffer_state.hpp"
#include "cogway/bus/layout.hpp"

namespace cogway {

class Bus;
class SharedBus;

/// Names a buffer without holding it. The generation tells a recycled block from the one meant.
struct BufferId {
  std::uint32_t size_class = 0;
  std::uint32_t block = 0;
  std::uint32_t generation = 0;
  friend constexpr bool operator==(const BufferId&, const BufferId&) = default;
};

/// Gives back memory that was lent by lend_buffer(). Called once, by whichever thread drops the
/// last reference: it must not wait, and must not need an attached Python thread.
using ReleaseFunction = void (*)(void* owner) noexcept;

namespace detail {
/// A buffer as one process sees it; in that process's own memory.
struct alignas(kCacheLine) BufferRecord {
  PrivateCount<> count;               ///< this process's references
  bool joined = false;                ///< shared: this process is among the block's holders
  std::uint64_t fork_epoch = 0;       ///< of the process it belongs to; 0: to any (lent)
  BufferHeader* header = nullptr;     ///< constant once carved
  std::byte* payload = nullptr;       ///< constant once carved
  Bus* bus = nullptr;                 ///< null: lent or shared
  SharedBus* shared = nullptr;        ///< null: of one process
  ReleaseFunction release = nullptr;  ///< lent: gives it back
  void* owner = nullptr;              ///< lent: argument of release; shared: which block, as bits
};
static_assert(sizeof(BufferRecord) == kCacheLine);
void release_record(BufferRecord* record) noexcept;  ///< the private count fell to 0
}  // namespace detail

/// **Threads**: distinct BufferRefs to one buffer: any. One BufferRef object: as a pointer.
/// **Ownership**: shares the buffer; the last reference of the last process frees its block. Keeps
/// the bus mapped, whether or not its owner lives. After fork(), a reference inherited by the child
/// is inert: reading is not protected, dropping it leaves the parent's alone, changing state fails.
/// **Progress**: copy and drop wait-free; the last drop lock-free, plus the freed-bytes hook.
/// **Order**: freeze() and transfer() publish what was written before; the last drop happens before
/// the block's next lease.
class BufferRef {
 public:
  BufferRef() = default;
  BufferRef(const BufferRef& other) noexcept : record_(other.record_) {
    if (record_ != nullptr) record_->count.add();
  }
  BufferRef(BufferRef&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  BufferRef& operator=(const BufferRef& other) noexcept {
    BufferRef(other).swap(*this);
    return *this;
  }
  BufferRef& operator=(BufferRef&& other) noexcept {
    BufferRef(std::move(other)).swap(*this);
    return *this;
  }
  ~BufferRef() { reset(); }

  void reset() noexcept {
    detail::BufferRecord* record = std::exchange(record_, nullptr);
    if (record != nullptr && record->count.drop()) detail::release_record(record);
  }
  void swap(BufferRef& other) noexcept { std::swap(record_, other.record_); }
  [[nodiscard]] explicit operator bool() const noexcept { return record_ != nullptr; }
  friend bool operator==(const BufferRef& a, const BufferRef& b) noexcept {
    return a.record_ == b.record_;
  }

  // What follows needs a non-empty reference.

  [[nodiscard]] const std::byte* data() const noexcept { return record_->payload; }
  /// For writing: the caller knows that the buffer is leased or transferred, and is its writer.
  [[nodiscard]] std::byte* mutable_data() const noexcept { return record_->payload; }
  [[nodiscard]] const Layout& layout() const noexcept { return record_->header->layout; }
  [[nodiscard]] std::uint64_t nbytes() const noexcept { return layout().nbytes(); }
  [[nodiscard]] Device device() const noexcept { return record_->header->device; }
  [[nodiscard]] BufferState state() const noexcept { return record_->header->state.state(); }
  [[nodiscard]] bool writable() const noexcept {
    const BufferState now = state();
    return now == BufferState::leased || now == BufferState::transferred;
  }
  [[nodiscard]] std::uint32_t writable_exports() const noexcept {
    return record_->header->state.writable_exports();
  }
  /// References of this process; a snapshot, exact if the caller alone can copy its own.
  [[nodiscard]] std::uint32_t use_count() const noexcept { return record_->count.count(); }
  [[nodiscard]] BufferId id() const noexcept;
  /// Null for lent memory and for buffers of a shared bus.
  [[nodiscard]] Bus* bus() const noexcept { return record_->bus; }
  /// Null unless it is of a bus that several processes share.
  [[nodiscard]] SharedBus* shared_bus() const noexcept { return record_->shared; }
  /// False in a child that inherited the reference through fork().
  [[nodiscard]] bool belongs_here() const noexcept;

  /// Makes the content immutable. failed_precondition: a writable export lives, or it is
  /// transferred. Freezing a frozen buffer is a success that does nothing.
  Status freeze() const;
  /// Hands the content to one exclusive writer. failed_precondition: a writable export lives, or
  /// the buffer is frozen and this is not the only reference to it, or frozen on a shared bus.
  Status transfer() const;
  /// Sets the real shape after writing, no dimension larger than before (same ndim and dtype,
  /// C-contiguous). The capacity held stays that of the lease. failed_precondition unless leased.
  Status shrink(std::span<const std::int64_t> shape) const;

  /// For intrusive storage: gives up, and takes back, the reference as a plain pointer.
  [[nodiscard]] detail::BufferRecord* leak() noexcept { return std::exchange(record_, nullptr); }
  [[nodiscard]] static BufferRef adopt(detail::BufferRecord* record) noexcept {
    BufferRef ref;
    ref.record_ = record;
    return ref;
  }
  [[nodiscard]] detail::BufferRecord* record() const noexcept { return record_; }

 private:
  detail::BufferRecord* record_ = nullptr;
};

/// Wraps memory that the bus does not own. Read-only memory is frozen from the start, other memory
/// leased. The layout is relative to data. Allocates.
[[nodiscard]] BufferRef lend_buffer(const Layout& layout, void* data, bool read_only, void* owner,
                                    ReleaseFunction release);

}  // namespace cogway
