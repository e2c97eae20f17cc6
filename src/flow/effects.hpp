// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a change of a run's state brings about outside its lock (law 9): collected while it is held,
// carried out after it is released.

#include <utility>
#include <vector>

#include "cogway/bus/buffer.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/flow/pipeline_run.hpp"

namespace cogway::detail {

struct Item;

struct Effects {
  std::vector<Item*> submit;           ///< chains to dispatch
  std::vector<TaskRef> cancel;         ///< running tasks to stop
  std::vector<TaskRef> signal;         ///< waits that end
  std::vector<BufferRef> garbage;      ///< released here, as that may run the bus's hooks
  std::vector<Input> foreign_garbage;  ///< likewise: runs foreign release functions

  bool unhook = false;  ///< the run is over: the bus need not tell us any more

  void discard(Operand& operand) {
    if (operand.keep) garbage.push_back(std::move(operand.keep));
    if (operand.held.view().size != 0) foreign_garbage.push_back(std::move(operand.held));
    operand = Operand{};
  }
  /// Keeps the capacity.
  void clear() noexcept {
    unhook = false;
    submit.clear();
    cancel.clear();
    signal.clear();
    garbage.clear();
    foreign_garbage.clear();
  }
};

}  // namespace cogway::detail
