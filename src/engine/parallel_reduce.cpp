// SPDX-License-Identifier: Apache-2.0
// parallel_reduce: a parallel_for over chunks, each with a partial result of its own; the partial
// results are combined in the order of the range by whoever called. Chunks follow from n and grain
// alone, so that sums of floats do not depend on how many workers there are.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "bus/redzone.hpp"
#include "cogway/base/cacheline.hpp"
#include "cogway/engine/task_context.hpp"
#include "engine_core.hpp"
#include "worker.hpp"

namespace cogway {
namespace {

/// Enough for the largest pool to share them evenly; few enough to be added up quickly. Large
/// results get fewer, so that all partial ones together stay within kRoom as far as kMinChunks
/// allows.
constexpr std::size_t kMaxChunks = 1024;
constexpr std::size_t kMinChunks = 16;
constexpr std::size_t kRoom = std::size_t{4} << 20;

struct Reduction {
  TaskContext* context;
  DebugMode* debug;  ///< null without debug mode
  std::int64_t n;
  std::int64_t chunk;
  cogway_reduce_body body;
  void* argument;
  const void* nothing;  ///< what a partial result begins as
  std::size_t bytes;
  std::size_t stride;
  std::byte* partials;

  [[nodiscard]] std::byte* partial(std::int64_t index) const noexcept {
    return partials + static_cast<std::size_t>(index) * stride;
  }

  static std::int32_t run_chunks(void* self, std::int64_t begin, std::int64_t end) noexcept {
    const auto& reduction = *static_cast<const Reduction*>(self);
    for (std::int64_t i = begin; i < end; ++i) {
      if (reduction.context->cancelled()) return COGWAY_CANCELLED;
      const std::int64_t first = i * reduction.chunk;
      const std::int64_t left = reduction.n - first;
      std::byte* partial = reduction.partial(i);
      const detail::Redzones zones{partial, partial, reduction.bytes, partial + reduction.stride};
      if (reduction.debug != nullptr) zones.fill_zones();
      std::memcpy(partial, reduction.nothing, reduction.bytes);
      const std::int32_t code =
          reduction.body(reduction.argument, first,
                         reduction.chunk < left ? first + reduction.chunk : reduction.n, partial);
      if (reduction.debug != nullptr && !reduction.debug->check_partial(zones, *reduction.context))
        return COGWAY_INTERNAL;
      if (code != COGWAY_OK) return code;
    }
    return COGWAY_OK;
  }
};

struct Free {
  void operator()(std::byte* memory) const noexcept {
    ::operator delete(memory, std::align_val_t{kCacheLine});
  }
};
using Memory = std::unique_ptr<std::byte, Free>;

/// From the worker's scratch where there is a worker, else from the heap.
class Room {
 public:
  Room(Worker* worker, std::size_t bytes) noexcept : worker_(worker), bytes_(bytes) {
    if (worker_ != nullptr) place_ = static_cast<std::byte*>(worker_->scratch().allocate(bytes));
    if (place_ != nullptr) return;
    worker_ = nullptr;
    heap_.reset(
        static_cast<std::byte*>(::operator new(bytes, std::align_val_t{kCacheLine}, std::nothrow)));
    place_ = heap_.get();
  }
  ~Room() {
    if (worker_ != nullptr) worker_->scratch().give_back(place_, bytes_);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  [[nodiscard]] std::byte* get() const noexcept { return place_; }

 private:
  Worker* worker_;
  std::size_t bytes_;
  Memory heap_;
  std::byte* place_ = nullptr;
};

}  // namespace

StatusCode TaskContext::parallel_reduce(std::int64_t n, std::int64_t grain, cogway_reduce_body body,
                                        cogway_combine combine, void* argument, void* result,
                                        std::size_t bytes) noexcept {
  if (n < 0 || grain < 0 || body == nullptr || combine == nullptr || result == nullptr) {
    return fail(StatusCode::invalid_argument,
                "parallel_reduce: n and grain must not be negative, nor a pointer null");
  }
  if (bytes == 0 || bytes > (std::size_t{1} << 40)) {
    return fail(StatusCode::invalid_argument, "parallel_reduce: a result has 1 byte to 1 TiB");
  }
  if (n == 0) return StatusCode::ok;
  Reduction reduction{};
  reduction.context = this;
  reduction.n = n;
  reduction.body = body;
  reduction.argument = argument;
  reduction.nothing = result;
  reduction.bytes = bytes;
  reduction.stride = (bytes + kCacheLine - 1) & ~(kCacheLine - 1);
  reduction.debug = core_->debug();
  if (reduction.debug != nullptr) reduction.stride += detail::kRedzoneBytes;
  const auto most =
      static_cast<std::int64_t>(std::clamp(kRoom / reduction.stride, kMinChunks, kMaxChunks));
  reduction.chunk = std::max({grain, n / most + (n % most != 0 ? 1 : 0), std::int64_t{1}});
  const std::int64_t chunks = n / reduction.chunk + (n % reduction.chunk != 0 ? 1 : 0);
  Worker* worker = Worker::current();
  if (worker != nullptr && &worker->core() != core_) worker = nullptr;
  const Room room(worker, reduction.stride * static_cast<std::size_t>(chunks));
  if (room.get() == nullptr) {
    return fail(StatusCode::resource_exhausted, "parallel_reduce: no memory");
  }
  reduction.partials = room.get();
  const StatusCode code = parallel_for(chunks, 1, &Reduction::run_chunks, &reduction);
  if (code != StatusCode::ok) return code;
  for (std::int64_t i = 0; i < chunks; ++i) combine(argument, result, reduction.partial(i));
  return StatusCode::ok;
}

}  // namespace cogway
