// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a C++ callable becomes the payload of a task: stored in the record when it is small, else
// behind one pointer. Engine::spawn() is what to use.
//
// **Threads**: built by the spawning thread, run by one worker, destroyed by whoever ends the task.
// **Ownership**: the task owns its callable. **Progress**: building allocates when it is not small.
// **Order**: the task's queue publishes the callable to the worker.

#include <concepts>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>

#include "cogway/base/status.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/engine/task_context.hpp"

namespace cogway {

namespace detail {

/// Runs a callable of any accepted form.
template <typename Function>
StatusCode invoke_task(Function& function, TaskContext& context) noexcept {
  try {
    if constexpr (std::invocable<Function&, TaskContext&>) {
      using Result = std::invoke_result_t<Function&, TaskContext&>;
      if constexpr (std::same_as<Result, StatusCode>) {
        return function(context);
      } else if constexpr (std::same_as<Result, Status>) {
        Status status = function(context);
        return status.ok() ? StatusCode::ok : context.fail(status.code(), status.message());
      } else {
        static_assert(std::is_void_v<Result>, "a task returns void, StatusCode or Status");
        function(context);
        return StatusCode::ok;
      }
    } else {
      static_assert(std::is_void_v<std::invoke_result_t<Function&>>, "take TaskContext& to fail");
      function();
      return StatusCode::ok;
    }
  } catch (const std::exception& error) {
    return context.fail(StatusCode::internal, error.what());
  } catch (...) {
    return context.fail(StatusCode::internal,
                        "the callable threw something not derived from std::exception");
  }
}

/// Stored is the callable itself, or a std::unique_ptr to it when it does not fit.
template <typename Function>
struct CallableOps {
  static constexpr bool kInline = sizeof(Function) <= Task::kPayloadBytes && alignof(Function) <= 8;

  static Function& callable(Task& task) noexcept {
    if constexpr (kInline) {
      return *std::launder(static_cast<Function*>(task.payload()));
    } else {
      return **std::launder(static_cast<std::unique_ptr<Function>*>(task.payload()));
    }
  }
  static StatusCode execute(Task& task, TaskContext& context) noexcept {
    return invoke_task(callable(task), context);
  }
  static void dispose(Task& task) noexcept {
    if constexpr (kInline) {
      std::destroy_at(std::launder(static_cast<Function*>(task.payload())));
    } else {
      std::destroy_at(std::launder(static_cast<std::unique_ptr<Function>*>(task.payload())));
    }
  }
  static constexpr TaskOps kOps{&execute, &dispose, "callable"};
};

}  // namespace detail
}  // namespace cogway
