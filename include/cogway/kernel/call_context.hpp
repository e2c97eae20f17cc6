// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a kernel in C++ may ask of the engine while it runs: the host table with types, and with
// exceptions in place of codes.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <type_traits>

#include "cogway/kernel/status.hpp"
#include "cogway/kernel/view.hpp"
#include "cogway/kernel_abi.h"

#pragma GCC visibility push(hidden)
namespace cogway::kernel {

/// **Threads**: the executing thread; all but scratch() and set_shape() also bodies of its loops.
/// **Ownership**: the call's; never kept. **Progress**: as the host's functions.
/// **Order**: what bodies did is seen when their loop returns.
class Context {
 public:
  explicit Context(cogway_context* context) noexcept : context_(context) {}

  /// Asked to stop: poll it, and return or throw.
  [[nodiscard]] bool cancelled() const noexcept { return detail::host->cancelled(context_) != 0; }
  /// Throws when asked to stop.
  void check() const {
    if (cancelled()) throw Error(Code::cancelled);
  }
  /// Nanoseconds of CLOCK_MONOTONIC; the greatest number: none.
  [[nodiscard]] std::int64_t deadline() const noexcept { return detail::host->deadline(context_); }

  /// Not cleared; until the call (in a body: the body) returns.
  template <typename T>
  [[nodiscard]] std::span<T> scratch(std::size_t count) const {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 64);
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    void* memory = detail::host->scratch(context_, count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return {static_cast<T*>(memory), count};
  }

  /// Calls body(begin, end), or body(i), over [0, n) on the engine's idle workers and here. The
  /// first exception of a body stops the loop and is thrown here.
  template <typename Body>
  void parallel_for(std::int64_t n, std::int64_t grain, Body&& body) const {
    Loop<std::remove_reference_t<Body>> loop{&body, {}, nullptr};
    const std::int32_t code = detail::host->parallel_for(context_, n, grain, &loop.run, &loop);
    settle(code, loop.failed, loop.error);
  }

  /// body(begin, end, partial) adds to a partial result that begins as `nothing`; combine(into,
  /// partial) adds those up in the order of the range, so that the result is always the same.
  template <typename T, typename Body, typename Combine>
  [[nodiscard]] T parallel_reduce(std::int64_t n, std::int64_t grain, T nothing, Body&& body,
                                  Combine&& combine) const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
    using Reduction = Reduce<T, std::remove_reference_t<Body>, std::remove_reference_t<Combine>>;
    Reduction reduction{&body, &combine, {}, nullptr};
    std::int32_t code = COGWAY_OK;
    if (COGWAY_HOST_HAS(detail::host, parallel_reduce)) {
      code = detail::host->parallel_reduce(context_, n, grain, &Reduction::run, &Reduction::add,
                                           &reduction, &nothing, sizeof(T));
    } else if (n > 0) {
      T partial = nothing;
      code = Reduction::run(&reduction, 0, n, &partial);
      if (code == COGWAY_OK) Reduction::add(&reduction, &nothing, &partial);
    }
    settle(code, reduction.failed, reduction.error);
    return nothing;
  }

  /// Threads of its own that the call may keep busy, its worker among them.
  [[nodiscard]] int thread_budget() const noexcept {
    return COGWAY_HOST_HAS(detail::host, thread_budget) ? detail::host->thread_budget(context_) : 1;
  }

  /// Has Python's `name` (Engine.on_post) called with copies of the views; waits for nobody.
  template <typename... Views>
  Code post(const char* name, const Views&... views) const noexcept {
    if (!COGWAY_HOST_HAS(detail::host, post)) return Code::unimplemented;
    const std::array<cogway_view, sizeof...(Views)> all{abi(views)...};
    return static_cast<Code>(
        detail::host->post(context_, name, all.data(), static_cast<std::uint32_t>(all.size())));
  }

  /// One line under the kernel's name; level as Python's logging.
  void log(int level, const std::string& message) const noexcept {
    detail::host->log(context_, level, message.c_str());
  }
  /// The real shape of an output declared with bound().
  void set_shape(std::uint32_t output, std::initializer_list<std::int64_t> shape) const {
    const std::int32_t code = detail::host->set_output_shape(
        context_, output, shape.begin(), static_cast<std::uint32_t>(shape.size()));
    if (code != COGWAY_OK) throw Error(static_cast<Code>(code));
  }
  [[nodiscard]] cogway_context* abi() const noexcept { return context_; }

 private:
  template <typename Body>
  struct Loop {
    Body* body;
    std::atomic<bool> failed;
    std::exception_ptr error;

    static std::int32_t run(void* self, std::int64_t begin, std::int64_t end) noexcept {
      auto& loop = *static_cast<Loop*>(self);
      try {
        if constexpr (std::is_invocable_v<Body&, std::int64_t, std::int64_t>) {
          (*loop.body)(begin, end);
        } else {
          for (std::int64_t i = begin; i < end; ++i) (*loop.body)(i);
        }
        return COGWAY_OK;
      } catch (...) {
        if (!loop.failed.exchange(true)) loop.error = std::current_exception();
        return COGWAY_INTERNAL;
      }
    }
  };
  template <typename T, typename Body, typename Combine>
  struct Reduce {
    Body* body;
    Combine* combine;
    std::atomic<bool> failed;
    std::exception_ptr error;

    static std::int32_t run(void* self, std::int64_t begin, std::int64_t end,
                            void* partial) noexcept {
      auto& reduction = *static_cast<Reduce*>(self);
      try {
        (*reduction.body)(begin, end, *static_cast<T*>(partial));
        return COGWAY_OK;
      } catch (...) {
        if (!reduction.failed.exchange(true)) reduction.error = std::current_exception();
        return COGWAY_INTERNAL;
      }
    }
    static void add(void* self, void* into, const void* partial) noexcept {
      auto& reduction = *static_cast<Reduce*>(self);
      if (reduction.failed.load()) return;
      try {
        (*reduction.combine)(*static_cast<T*>(into), *static_cast<const T*>(partial));
      } catch (...) {
        reduction.failed.store(true);
        reduction.error = std::current_exception();
      }
    }
  };

  static void settle(std::int32_t code, const std::atomic<bool>& failed,
                     const std::exception_ptr& error) {
    if (failed.load()) std::rethrow_exception(error);
    if (code != COGWAY_OK) throw Error(static_cast<Code>(code));
  }

  template <typename T, std::size_t N>
  static cogway_view abi(const View<T, N>& view) noexcept {
    cogway_view made{};
    made.size = sizeof(made);
    made.ndim = N;
    made.data = const_cast<std::remove_const_t<T>*>(view.data());
    made.dtype = detail::dtype_of<std::remove_const_t<T>>();
    made.nbytes = static_cast<std::uint64_t>(view.size()) * sizeof(T);
    for (std::size_t d = 0; d < N; ++d) {
      made.shape[d] = view.extent(d);
      made.strides[d] = view.stride(d);
    }
    return made;
  }
  /// A number is a view without dimensions.
  template <typename T>
    requires std::is_arithmetic_v<T>
  static cogway_view abi(const T& number) noexcept {
    return abi(View<const T, 0>(reinterpret_cast<const std::byte*>(&number), {}, {}));
  }

  cogway_context* context_;
};

}  // namespace cogway::kernel
#pragma GCC visibility pop
