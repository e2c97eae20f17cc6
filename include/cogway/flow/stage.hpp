// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a pipeline is made of: descriptions of stages, as given by whoever builds it. Values; they
// run nothing.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "cogway/engine/kernel_owner.hpp"
#include "cogway/engine/params.hpp"

namespace cogway {

class Kernel;

/// What of an item a kernel's parameter is set to for each call.
enum class ItemField : std::uint8_t {
  index,     ///< its place in the source (of a list: before shuffling)
  position,  ///< its place in this epoch
  epoch,     ///< the number given to start()
  text,      ///< its value, for a string parameter (a path, say): the kernel then takes no inputs
};

/// A parameter (by its place in the kernel's declaration) that follows the item.
struct BoundParam {
  std::uint32_t ordinal = 0;
  ItemField field = ItemField::index;
};

/// A kernel called for each item with what the stage before gave. Neighbouring native stages become
/// one chain: one task per item, run through by one worker with nothing in between.
struct NativeStage {
  Kernel* kernel = nullptr;
  KernelHold hold;  ///< set by Pipeline::native(): the kernel's code stays as long as the pipeline
  ParamValues params;
  std::vector<BoundParam> bound;
  std::uint32_t concurrency =
      0;  ///< items at a time; 0: twice the workers. A chain takes the least.
};

/// A stage that somebody else runs (the Python layer): items are taken with
/// PipelineRun::take_foreign() and come back with give_foreign().
struct ForeignStage {
  std::string name;
  std::uint32_t concurrency = 1;  ///< items taken and not given back
};

/// Items into groups of `size`; the last one may be shorter.
struct BatchStage {
  std::uint32_t size = 1;
  bool drop_last = false;
  /// The native stage before writes each item into its place of one buffer [size, ...]. False: a
  /// batch is a list of what its items are.
  bool stack = true;
};

using StageSpec = std::variant<NativeStage, ForeignStage, BatchStage>;

}  // namespace cogway
