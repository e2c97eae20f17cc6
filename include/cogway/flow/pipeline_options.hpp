// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a pipeline behaves as a whole.

#include <cstdint>

#include "cogway/engine/priority.hpp"

namespace cogway {

struct PipelineOptions {
  /// Elements (batches, or items where there is no batch stage) between the source and the
  /// consumer, in whatever state: the bound of the pipeline. At least 1.
  std::uint32_t prefetch = 2;
  /// Bytes of buffers between stages and ahead of the consumer. Batch buffers are counted exactly
  /// and before any work for them begins; an item in flight with the largest seen so far. 0: no
  /// limit but the bus's.
  std::uint64_t prefetch_bytes = 0;
  /// Elements come in the order of the source; otherwise as they are finished.
  bool ordered = true;
  /// Failed items are left out and counted, up to that many; the next one fails the pipeline.
  bool skip_errors = false;
  std::uint64_t skip_limit = UINT64_MAX;
  Priority priority = Priority::normal;
  WorkerClass worker_class = WorkerClass::background;
};

}  // namespace cogway
