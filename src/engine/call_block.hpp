// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a task carries when its kernel has inputs, outputs or parameters. Pooled like tasks; kernels
// with none of them (core.noop) go without.

#include <array>
#include <atomic>
#include <cstdint>

#include "cogway/bus/reservation.hpp"
#include "cogway/bus/writable_export.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/params.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

/// **Threads**: one at a time: the submitter, then whoever holds the task. **Ownership**: its
/// task's.
struct CallBlock {
  std::uint8_t n_inputs = 0;
  std::uint8_t n_outputs = 0;
  bool described = false;  ///< specs are valid, bytes reserved (or out given)
  bool has_out = false;    ///< outputs go to exports
  bool freeze = true;
  std::int32_t pinned_worker = -1;         ///< affinity, if the task has to wait for bytes first
  std::uint32_t index = 0;                 ///< the pool's
  std::atomic<std::uint32_t> row_link{0};  ///< the pool's
  std::uint32_t row_count = 0;             ///< the pool's
  CallBlock* link = nullptr;               ///< the pool's
  const char* place = nullptr;             ///< of the call, for debug mode
  std::uint64_t needed = 0;                ///< bytes that the outputs hold of the bus
  Reservation reservation;
  ParamValues params;
  std::array<cogway_view, COGWAY_MAX_BUFFERS> inputs;        ///< the first n_inputs
  std::array<cogway_view, COGWAY_MAX_BUFFERS> outputs;       ///< the first n_outputs, once leased
  std::array<cogway_output_spec, COGWAY_MAX_BUFFERS> specs;  ///< bounds, then real shapes
  std::array<Input, COGWAY_MAX_BUFFERS> owners;              ///< hold the inputs
  std::array<BufferRef, COGWAY_MAX_BUFFERS> buffers;         ///< the outputs
  std::array<BufferView, COGWAY_MAX_BUFFERS> out;            ///< where the caller wants them
  std::array<WritableExport, COGWAY_MAX_BUFFERS> exports;    ///< keep out writable

  /// Drops what keeps inputs and `out` alive: the kernel will not touch them any more.
  void release_inputs() noexcept;
  void release_outputs() noexcept;

  static CallBlock* take();
  /// Releases all and recycles.
  void give() noexcept;

  static std::uint64_t records() noexcept;
  static std::uint64_t allocations() noexcept;
};

}  // namespace cogway
