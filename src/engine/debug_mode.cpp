// SPDX-License-Identifier: Apache-2.0
#include "debug_mode.hpp"

#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/debug_arena.hpp"
#include "bus/overrun_text.hpp"
#include "call_block.hpp"
#include "cogway/base/os/crash_report.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/engine/task_context.hpp"
#include "guarded_memory.hpp"
#include "invocation.hpp"
#include "worker.hpp"
#include "worker_pool.hpp"

namespace cogway {
namespace {

detail::DebugArena* arena_of(const BufferRef& buffer) noexcept {
  return buffer && buffer.bus() != nullptr ? buffer.bus()->debug_arena() : nullptr;
}

std::string numbered(const char* what, std::size_t i) { return what + std::to_string(i); }

/// What is wrong with the zones of a buffer of a bus in debug mode.
void look_at(const BufferRef& buffer, const char* kernel, const std::string& argument,
             const char* when, std::vector<Finding>& found) {
  detail::DebugArena* arena = arena_of(buffer);
  if (arena == nullptr) return;
  for (Finding damage; !arena->check(buffer, kernel, argument, when, &damage);) {
    found.push_back(std::exchange(damage, Finding{}));
  }
}

}  // namespace

/// The memory that stands in for out=: what lies there around it is not a redzone but somebody
/// else's, a neighbour in a batch, or the heap. Not where an input lies in the same memory: what a
/// kernel sees of its own writes must not change.
struct DebugMode::Places {
  std::vector<std::unique_ptr<GuardedMemory>> of;  ///< null: the place itself

  void stand_in(CallBlock& block) {
    if (!block.has_out) return;
    of.resize(block.n_outputs);
    for (std::size_t i = 0; i < block.n_outputs; ++i) {
      if (is_input(block, block.out[i])) continue;
      const BufferView& out = block.out[i];
      const std::size_t bytes = out.layout.nbytes();
      of[i] = std::make_unique<GuardedMemory>(
          bytes, reinterpret_cast<std::uintptr_t>(out.data()) % kCacheLine);
      if (bytes != 0) std::memcpy(of[i]->data(), out.data(), bytes);
      block.outputs[i].data = of[i]->data();
    }
  }
  static bool is_input(const CallBlock& block, const BufferView& out) noexcept {
    for (std::size_t i = 0; i < block.n_inputs; ++i) {
      if (block.owners[i].buffer() == out.buffer) return true;
      const auto* begin = static_cast<const std::byte*>(block.inputs[i].data);
      if (begin < out.data() + out.layout.nbytes() && out.data() < begin + block.inputs[i].nbytes) {
        return true;
      }
    }
    return false;
  }
  void copy_back(CallBlock& block) const noexcept {
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (of[i] == nullptr) continue;
      if (of[i]->size() != 0) {
        std::memcpy(block.out[i].mutable_data(), of[i]->data(), of[i]->size());
      }
      block.outputs[i].data = block.out[i].mutable_data();
    }
  }
  void look(const Kernel& kernel, const CallBlock& block, std::vector<Finding>& found) const {
    const char* name = kernel.name().c_str();
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (of[i] == nullptr)
        look_at(block.out[i].buffer, name, numbered("output ", i), nullptr, found);
      for (Finding damage; of[i] != nullptr && !of[i]->check(&damage);) {
        damage.kernel = name;
        damage.argument = numbered("output ", i);
        damage.message = detail::overrun_text(damage, name,
                                              "out= of " + block.out[i].layout.describe() + ", " +
                                                  std::to_string(of[i]->size()) + " bytes",
                                              nullptr);
        found.push_back(std::exchange(damage, Finding{}));
      }
    }
  }
};

DebugMode::DebugMode(std::shared_ptr<DebugReport> report, const AttachWatch* watch)
    : report_(report != nullptr ? std::move(report) : std::make_shared<DebugReport>()),
      watch_(watch) {}

/// The first becomes the message of the call; aloud are told the others, and all of a call whose
/// ticket may have ended without it. True: there was none.
bool DebugMode::tell(std::vector<Finding>& found, TaskContext& context) noexcept {
  if (found.empty()) return true;
  (void)context.fail(StatusCode::internal, found.front().message);
  bool heard = !context.cancelled();
  for (Finding& finding : found) {
    report_->add(std::move(finding), !heard);
    heard = false;
  }
  return false;
}

StatusCode DebugMode::run(Kernel& kernel, CallBlock* block, TaskContext& context,
                          Worker* worker) noexcept {
  const char* name = kernel.name().c_str();
  std::vector<Finding> found;
  try {
    const std::size_t scratch = worker == nullptr ? 0 : worker->guarded_scratch().count();
    Places places;
    if (block != nullptr) {
      for (std::size_t i = 0; i < block->n_inputs; ++i) {
        look_at(block->owners[i].buffer(), nullptr, {}, "when it was given to a kernel", found);
      }
      if (!tell(found, context)) return StatusCode::internal;  // not this kernel's doing
      for (std::size_t i = 0; i < block->n_outputs && !block->has_out; ++i) {
        if (detail::DebugArena* arena = arena_of(block->buffers[i])) {
          arena->name(block->buffers[i], name, numbered("output ", i), block->place);
        }
      }
      places.stand_in(*block);
    }
    if (watch_ != nullptr) watch_->begin();
    const StatusCode code = call_kernel(kernel, block, context, worker);
    watch_end(name, worker);
    if (block != nullptr) {
      places.copy_back(*block);
      places.look(kernel, *block, found);
      for (std::size_t i = 0; i < block->n_outputs && !block->has_out; ++i) {
        look_at(block->buffers[i], name, numbered("output ", i), nullptr, found);
      }
      for (std::size_t i = 0; i < block->n_inputs; ++i) {
        look_at(block->owners[i].buffer(), name, numbered("input ", i), nullptr, found);
      }
    }
    if (worker != nullptr) worker->guarded_scratch().free_since(scratch, found);
    return tell(found, context) ? code : StatusCode::internal;
  } catch (const std::exception& error) {  // memory for zones or a message
    return context.fail(StatusCode::resource_exhausted, error.what());
  }
}

void DebugMode::begin() noexcept {
  if (watch_ != nullptr) watch_->begin();
}

bool DebugMode::end(Worker& worker, TaskContext& context, const char* name) noexcept {
  watch_end(name, &worker);
  return end_scratch(worker, context);
}

bool DebugMode::end_scratch(Worker& worker, TaskContext& context) noexcept {
  std::vector<Finding> found;
  worker.guarded_scratch().free_since(0, found);
  return tell(found, context);
}

bool DebugMode::check_partial(const detail::Redzones& zones, TaskContext& context) noexcept {
  std::vector<Finding> found;
  try {
    Finding damage;
    if (!detail::take_damage(zones, &damage)) return true;
    const char* name = os::crash_note().name;
    if (name != nullptr) damage.kernel = name;
    damage.argument = "a partial result";
    damage.message = detail::overrun_text(damage, name,
                                          "of " + std::to_string(zones.nbytes) + " bytes", nullptr);
    found.push_back(std::move(damage));
  } catch (const std::exception&) {
    return false;  // without words
  }
  return tell(found, context);
}

void* DebugMode::scratch(Worker& worker, std::size_t bytes) noexcept {
  return worker.guarded_scratch().allocate(bytes, os::crash_note().name);
}

/// Told aloud and not by the ticket: the result is right, but every other thread of Python waited.
void DebugMode::watch_end(const char* name, const Worker* worker) noexcept {
  if (watch_ == nullptr) return;
  const Attachment what = watch_->end();
  if (what == Attachment::none) return;
  try {
    Finding finding;
    finding.kind = FindingKind::attached;
    if (name != nullptr) finding.kernel = name;
    finding.thread = worker == nullptr
                         ? "the caller's"
                         : worker->pool().thread_name() + "-" + std::to_string(worker->index());
    finding.message = "'" + finding.kernel + "'" +
                      (what == Attachment::stayed ? " came back attached to Python on thread "
                                                  : " entered Python on thread ") +
                      finding.thread +
                      (what == Attachment::stayed
                           ? ", where every Python thread would have waited for it: it was detached"
                           : ": native work must not need the GIL; post() calls Python without it");
    report_->add(std::move(finding), true);
  } catch (const std::exception&) {
    // told by nobody
  }
}

}  // namespace cogway
