// SPDX-License-Identifier: Apache-2.0
#include "module/running_calls.hpp"

#include <mutex>

namespace cogway {

RunningCalls::Running::Running(RunningCalls& calls, Task& task, std::uint64_t thread) noexcept
    : calls_(calls), task_(task), thread_(thread) {
  const std::scoped_lock lock(calls_.mutex_);
  next_ = calls_.first_;
  if (next_ != nullptr) next_->previous_ = this;
  calls_.first_ = this;
}

RunningCalls::Running::~Running() {
  const std::scoped_lock lock(calls_.mutex_);
  (previous_ != nullptr ? previous_->next_ : calls_.first_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

bool RunningCalls::Running::asked_to_stop() const noexcept {
  return task_.cancel_requested() || calls_.stopping_.load();
}

std::vector<std::pair<std::uint64_t, TaskRef>> RunningCalls::list() const {
  std::vector<std::pair<std::uint64_t, TaskRef>> calls;
  const std::scoped_lock lock(mutex_);
  for (const Running* call = first_; call != nullptr; call = call->next_) {
    calls.emplace_back(call->thread_, TaskRef::share(&call->task_));
  }
  return calls;
}

std::size_t RunningCalls::count() const noexcept {
  std::size_t count = 0;
  const std::scoped_lock lock(mutex_);
  for (const Running* call = first_; call != nullptr; call = call->next_) ++count;
  return count;
}

}  // namespace cogway
