// SPDX-License-Identifier: Apache-2.0
#pragma once
// A snapshot of one epoch of a pipeline.

#include <cstdint>
#include <string>
#include <vector>

namespace cogway {

struct StageStatistics {
  std::string name;  ///< kernel, or the name of a foreign stage; "batch"
  std::string kind;  ///< "native", "foreign" or "batch"
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t queued = 0;  ///< items waiting for it now; a chain's are shown by its first stage
  std::uint64_t queued_most = 0;
  std::uint64_t running = 0;  ///< likewise
  std::int64_t busy_ns = 0;   ///< sum over items
  std::int64_t wait_ns = 0;   ///< sum of times from ready to started; of a chain: its first stage
  std::int64_t p50_ns = 0;    ///< of one item's run
  std::int64_t p99_ns = 0;
};

struct PipelineStatistics {
  std::vector<StageStatistics> stages;
  std::string slowest;         ///< stage with the largest busy time per place it may run in
  std::uint64_t admitted = 0;  ///< items taken from the source
  std::uint64_t skipped = 0;
  std::uint64_t elements = 0;   ///< handed to the consumer
  std::uint64_t items = 0;      ///< in them
  std::uint64_t in_flight = 0;  ///< admitted, not handed over, not skipped
  std::uint64_t in_flight_most = 0;
  std::uint64_t ready = 0;  ///< elements that the consumer could take now
  std::uint64_t bytes = 0;  ///< counted against prefetch_bytes now
  std::uint64_t bytes_most = 0;
  std::uint64_t bus_waits = 0;       ///< times an item or batch found the bus full
  bool stalled = false;              ///< nothing moves until somebody gives back bytes of the bus
  std::uint64_t consumer_waits = 0;  ///< times the consumer found nothing ready
  std::int64_t consumer_wait_ns = 0;
  std::int64_t elapsed_ns = 0;  ///< since the start, until the end
};

}  // namespace cogway
