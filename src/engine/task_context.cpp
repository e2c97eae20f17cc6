// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/task_context.hpp"

#include <cstring>
#include <mutex>

#include "call_block.hpp"
#include "cogway/engine/kernel_owner.hpp"
#include "engine_core.hpp"
#include "invocation.hpp"
#include "utf8.hpp"
#include "worker.hpp"

namespace cogway {
namespace {

/// Over the message of a failure: bodies of one parallel_for may fail together.
constinit std::mutex message_lock;

/// The calling thread as a worker of this engine, else nullptr.
Worker* worker_of(const EngineCore* core) noexcept {
  Worker* worker = Worker::current();
  return worker != nullptr && &worker->core() == core ? worker : nullptr;
}

}  // namespace

TaskContext::TaskContext(EngineCore& core, Task& task) noexcept
    : core_(&core), task_(&task), stopping_(&core.stopping_flag()) {}

std::int32_t TaskContext::worker_index() const noexcept {
  const Worker* worker = worker_of(core_);
  return worker == nullptr ? -1 : worker->index();
}

void* TaskContext::scratch(std::size_t bytes) noexcept {
  Worker* worker = worker_of(core_);
  if (worker == nullptr) return nullptr;
  if (DebugMode* debug = core_->debug(); debug != nullptr) [[unlikely]]
    return debug->scratch(*worker, bytes);
  return worker->scratch().allocate(bytes);
}

int TaskContext::thread_budget() const noexcept {
  const Worker* worker = worker_of(core_);
  return worker == nullptr ? 1 : core_->thread_budget(worker->pool());
}

StatusCode TaskContext::fail(StatusCode code, std::string_view message) noexcept {
  const std::scoped_lock lock(message_lock);
  const std::size_t size = utf8_prefix(message, kMessageBytes);
  if (size != 0) std::memcpy(message_, message.data(), size);
  message_size_ = static_cast<std::uint16_t>(size);
  return code;
}

StatusCode TaskContext::post(std::string_view name, std::span<const cogway_view> buffers) noexcept {
  return core_->posts().post(name, core_->bus(), buffers);
}

void TaskContext::log(int level, std::string_view message) noexcept {
  core_->log().push(level, worker_index(), task_->name(), message);
}

void TaskContext::call(KernelCall& call, CallResult* result) noexcept {
  result->code = StatusCode::ok;
  result->cause = Cause::none;
  result->message.clear();
  CallBlock* block = nullptr;
  CallBlock* const outer = call_;
  const KernelHold hold(call.kernel);
  try {
    if (!hold) {
      result->code = StatusCode::failed_precondition;
      result->cause = Cause::invalid;
      result->message =
          "the function behind kernel '" + call.kernel->name() + "' has been released";
      return;
    }
    if (Status status = check_call(call); !status.ok()) {
      result->code = status.code();
      result->cause = Cause::invalid;
      result->message = status.message();
      return;
    }
    if (needs_block(call)) block = CallBlock::take();
  } catch (const std::exception& error) {
    result->code = StatusCode::resource_exhausted;
    result->cause = Cause::kernel;
    return;
  }
  Kernel& kernel = *call.kernel;
  cause_ = Cause::kernel;
  message_size_ = 0;
  StatusCode code = StatusCode::ok;
  if (block != nullptr) {
    call_ = block;
    fill_block(call, *block);
    own_call(call, *block);
    code = describe_call(kernel, *block, *this);
    if (code == StatusCode::ok) code = export_outputs(*block, *this);
    if (code == StatusCode::ok && !block->has_out) {
      block->reservation = call.reservation != nullptr ? call.reservation->split(block->needed)
                                                       : core_->bus().try_reserve(block->needed);
      if (!block->reservation) {
        cause_ = Cause::bus_exhausted;
        code = fail(StatusCode::resource_exhausted, "the bus has no room for the outputs");
      }
    }
    if (code == StatusCode::ok) code = lease_outputs(core_->bus(), *block, *this);
  }
  if (code == StatusCode::ok) code = run_call(kernel, block, *this, worker_of(core_));
  if (block != nullptr) {
    code = settle_call(*block, code, *this);
    for (std::uint32_t i = 0; code == StatusCode::ok && i < block->n_outputs; ++i) {
      result->outputs[i] = std::move(block->buffers[i]);
    }
    call_ = outer;
    block->give();
  }
  result->code = code;
  if (code != StatusCode::ok) {
    result->cause = code == StatusCode::cancelled ? Cause::cancelled : cause_;
    try {
      result->message.assign(message_, message_size_);
    } catch (const std::bad_alloc&) {
      result->message.clear();  // the code still tells
    }
  }
  message_size_ = 0;
  cause_ = Cause::kernel;
}

}  // namespace cogway
