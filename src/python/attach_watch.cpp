// SPDX-License-Identifier: Apache-2.0
#include "cogway/python/attach_watch.hpp"

#include <Python.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>

#include "cogway/python/compat.hpp"

namespace cogway {
namespace {

/// Of one thread, while native work runs on it.
struct Watched {
  static constexpr std::size_t kMost = 4;
  bool armed = false;
  bool entered = false;
  std::size_t next = 0;
  std::array<const void*, kMost> made{};  ///< thread states that are not freed, the newest
};

[[gnu::tls_model("initial-exec")]] constinit thread_local Watched watched;

constinit PyMemAllocatorEx below{};

void* allocate(void*, std::size_t bytes) { return below.malloc(below.ctx, bytes); }

/// Where thread states come from; they are the only thing of their size that a thread without one
/// may ask for in this way.
void* allocate_zeroed(void*, std::size_t count, std::size_t bytes) {
  void* block = below.calloc(below.ctx, count, bytes);
  Watched& thread = watched;
  if (thread.armed && count == 1 && bytes >= sizeof(PyThreadState)) {
    thread.entered = true;
    thread.made[thread.next++ % Watched::kMost] = block;
  }
  return block;
}

void* reallocate(void*, void* block, std::size_t bytes) {
  return below.realloc(below.ctx, block, bytes);
}

void release(void*, void* block) {
  Watched& thread = watched;
  if (thread.armed && block != nullptr) {
    const void* const none = nullptr;
    std::replace(thread.made.begin(), thread.made.end(), static_cast<const void*>(block), none);
  }
  below.free(below.ctx, block);
}

void begin() noexcept {
  Watched& thread = watched;
  thread.entered = false;
  thread.made.fill(nullptr);
  thread.armed = true;
}

/// Whether the calling thread, and no other, is attached. Before 3.12 the current state is that of
/// the process: it is ours if it lies in what this thread has allocated.
bool is_attached(const Watched& thread) noexcept {
  const PyThreadState* current = unchecked_thread_state();
  if (current == nullptr) return false;
  if constexpr (kThreadStatePerThread) return true;
  return std::find(thread.made.begin(), thread.made.end(), current) != thread.made.end();
}

Attachment end() noexcept {
  Watched& thread = watched;
  if (!thread.armed) return Attachment::none;
  thread.armed = false;
  if (is_attached(thread)) {
    PyEval_SaveThread();
    return Attachment::stayed;
  }
  return thread.entered ? Attachment::entered : Attachment::none;
}

constexpr AttachWatch kWatch{&begin, &end};

}  // namespace

const AttachWatch* watch_attachments() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &below);
    // The same context as before: a thread that reads the table meanwhile may pair the old function
    // with the new context, or the other way round.
    PyMemAllocatorEx hook{below.ctx, &allocate, &allocate_zeroed, &reallocate, &release};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &hook);
  });
  return &kWatch;
}

}  // namespace cogway
