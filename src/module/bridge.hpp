// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bridge between native completions and one event loop: the loop's side of a CompletionQueue.
//
//   worker ──push──► CompletionQueue ──(eventfd, only when empty and the loop sleeps)──► loop
//                          ▲                                                       add_reader │
//                          └───────── take ── drain() calls the callbacks in their contexts ◄─┘
//                                        poll(), re-armed with call_soon, does the same while short
//                                        work is in flight
//
// Two objects: the LoopBridge, found through the loop by weak reference, and its reader, which the
// loop alone owns: when the loop is closed the reader dies, and with it the bridge's queue is
// closed.

#include <Python.h>

#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/python/completion_queue.hpp"
#include "cogway/python/poll_budget.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/module_state.hpp"

namespace cogway {

struct BridgeStatistics {
  std::uint64_t drains = 0;     ///< wake-ups of the loop by the descriptor
  std::uint64_t delivered = 0;  ///< callbacks called
  std::uint64_t in_flight = 0;  ///< registered and not yet delivered
};

/// **Threads**: the loop's, attached. **Ownership**: owned by the module's table of bridges (keyed
/// by weak reference to the loop) and by its reader. Refers to the loop weakly.
/// **Progress**: never waits. **Order**: as CompletionQueue.
struct BridgeObject {
  PyObject_HEAD ModuleState* state;
  CompletionQueue* queue;    ///< counted
  PyObject* loop_reference;  ///< weak
  PyObject* loop_identity;   ///< borrowed, for comparison only; nullptr once the loop is gone
  Completion* backlog;       ///< taken but not delivered: a callback raised KeyboardInterrupt
  Completion* due;           ///< came when their task was done already: for the loop's next turn
  Completion** due_end;      ///< where the next one goes
  TimePoint poll_until;
  PollBudget budget;
  BridgeStatistics statistics;
};

[[nodiscard]] inline BridgeObject* as_bridge(PyObject* object) noexcept {
  return reinterpret_cast<BridgeObject*>(object);
}

/// The bridge of a running loop, made and registered on first use. Empty with an exception.
[[nodiscard]] PyRef bridge_of_loop(ModuleState& state, PyObject* loop);
/// The bridge of the loop that runs in this thread; RuntimeError when none does.
[[nodiscard]] PyRef current_bridge(ModuleState& state, const char* function);

/// A node was armed through this bridge: counts it and begins to poll if that pays. 0, or -1.
int note_armed(BridgeObject* bridge, const Completion& node);
/// A node that was armed through this bridge will not come: who waited has given up.
inline void note_disarmed(BridgeObject* bridge) noexcept { --bridge->statistics.in_flight; }
/// A node whose task was done already, for the loop's next turn: cheaper than call_soon() for each
/// of the many that `gather` brings. Owns the node from here on. 0, or -1.
int note_due(BridgeObject* bridge, Completion* node);
/// Schedules `callback(subject)` on the bridge's loop in `context`. 0, or -1 with an exception.
int call_soon(BridgeObject* bridge, PyObject* callback, PyObject* subject, PyObject* context);
/// The loop, or empty when it is gone.
[[nodiscard]] PyRef loop_of_bridge(BridgeObject* bridge);

}  // namespace cogway
