// SPDX-License-Identifier: Apache-2.0
#pragma once
// A registered kernel: its declaration (checked and copied from cogway_kernel) and what the engine
// has learned about it. Made by the registry alone; lives until the process ends.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cogway/base/status.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

class ForeignKernel;
class KernelOwner;

/// **Threads**: const parts by anyone; learn() by workers. **Ownership**: the registry's, for ever.
/// **Progress**: wait-free. **Order**: learned figures are hints and publish nothing.
class Kernel {
 public:
  /// Checks `declaration`: refuses (invalid_argument, naming pack and kernel) bad names, missing
  /// run, counts beyond COGWAY_MAX_BUFFERS, outputs without describe, and malformed parameters.
  static Status check(const cogway_kernel& declaration, std::string_view pack);
  Kernel(const cogway_kernel& declaration, std::string_view pack, std::uint32_t id);
  /// Of an accepted function (`foreign` may be null: a table). `owner` keeps its code.
  Kernel(const cogway_kernel& declaration, std::string_view pack, std::uint32_t id,
         std::unique_ptr<const ForeignKernel> foreign, std::unique_ptr<KernelOwner> owner);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& doc() const noexcept { return doc_; }
  [[nodiscard]] const std::string& signature() const noexcept { return signature_; }
  /// How many inputs it takes, in words: "2 inputs", "1 to 3 inputs".
  [[nodiscard]] std::string input_range() const;
  [[nodiscard]] const std::string& pack() const noexcept { return pack_; }
  /// Small and dense: index of per-worker counters.
  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  [[nodiscard]] std::uint32_t min_inputs() const noexcept { return min_inputs_; }
  [[nodiscard]] std::uint32_t max_inputs() const noexcept { return max_inputs_; }
  [[nodiscard]] std::uint32_t output_count() const noexcept { return n_outputs_; }
  [[nodiscard]] bool describes_on_worker() const noexcept {
    return (flags_ & COGWAY_KERNEL_DESCRIBE_ON_WORKER) != 0;
  }
  [[nodiscard]] std::span<const cogway_param_spec> params() const noexcept { return params_; }
  [[nodiscard]] std::optional<std::size_t> param_index(std::string_view name) const noexcept;

  /// The values of a call without arguments; not to be used if needs_params().
  [[nodiscard]] std::span<const cogway_value> defaults() const noexcept { return defaults_; }
  [[nodiscard]] bool needs_params() const noexcept { return needs_params_; }

  [[nodiscard]] auto describe() const noexcept { return describe_; }
  [[nodiscard]] auto run() const noexcept { return run_; }
  /// What calls carry as their data.
  [[nodiscard]] const void* data() const noexcept { return data_; }

  /// How the function behind it is called; nullptr: it is written for kernel_abi.h.
  [[nodiscard]] const ForeignKernel* foreign() const noexcept { return foreign_.get(); }
  /// What keeps its code, and whom every call holds; nullptr: it stays for ever.
  [[nodiscard]] KernelOwner* owner() const noexcept { return owner_.get(); }

  /// Usual duration of run() in nanoseconds (moving average of 1/8, sampled); 0: not measured yet.
  [[nodiscard]] std::int64_t expected_ns() const noexcept {
    // order: relaxed, a hint
    return expected_ns_.load(std::memory_order_relaxed);
  }
  void learn(std::int64_t duration_ns) noexcept;

 private:
  std::string name_, doc_, signature_, pack_;
  std::uint32_t id_, flags_, min_inputs_, max_inputs_, n_outputs_;
  std::vector<cogway_param_spec> params_;
  std::vector<cogway_value> defaults_;
  bool needs_params_ = false;
  int32_t (*describe_)(const cogway_call*, cogway_output_spec*);
  int32_t (*run_)(const cogway_call*);
  const void* data_;
  std::unique_ptr<const ForeignKernel> foreign_;
  std::unique_ptr<KernelOwner> owner_;
  std::atomic<std::int64_t> expected_ns_{0};  ///< written by workers, lossy on purpose
};

}  // namespace cogway
