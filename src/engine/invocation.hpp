// SPDX-License-Identifier: Apache-2.0
#pragma once
// The steps of one kernel call, in order: fill → describe → reserve → lease → run → settle. A task
// takes them with its queue in between, TaskContext::call all at once.

#include <cstdint>
#include <string>

#include "call_block.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/kernel.hpp"

namespace cogway {

class TaskContext;
class Worker;

/// Input count and required parameters; before anything is taken.
Status check_call(const KernelCall& call);
/// Whether the call needs a block at all.
[[nodiscard]] bool needs_block(const KernelCall& call) noexcept;
/// Copies views and parameters into the block; ownership stays with the call until own_call().
void fill_block(const KernelCall& call, CallBlock& block) noexcept;
/// Moves inputs and out into the block. Nothing can fail any more, but for the right to write.
void own_call(KernelCall& call, CallBlock& block) noexcept;

/// Asks the kernel what the outputs need, checks the answer, adds up `needed`; for out=, compares.
/// A failure's message is in `context`.
StatusCode describe_call(const Kernel& kernel, CallBlock& block, TaskContext& context) noexcept;
/// Takes the right to write into every out=; failed_precondition names the one that is frozen.
StatusCode export_outputs(CallBlock& block, TaskContext& context) noexcept;
/// Leases the outputs from the block's reservation (or takes the addresses of out=).
StatusCode lease_outputs(Bus& bus, CallBlock& block, TaskContext& context) noexcept;
/// Calls run(), counts and (sampled) times it.
StatusCode call_kernel(Kernel& kernel, CallBlock* block, TaskContext& context,
                       Worker* worker) noexcept;
/// The same with what debug mode does around it.
StatusCode run_call(Kernel& kernel, CallBlock* block, TaskContext& context,
                    Worker* worker) noexcept;
/// After a success: real shapes, freezing. Always: lets go of inputs and out=.
StatusCode settle_call(CallBlock& block, StatusCode code, TaskContext& context) noexcept;

}  // namespace cogway
