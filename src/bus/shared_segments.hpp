// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two files of a shared bus, mapped, and the names they have. Everything found in them was
// checked when open() or receive() returned success; the tables may still say anything.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bus/loop_caller.hpp"
#include "bus/shared_control.hpp"
#include "bus/shared_plan.hpp"
#include "cogway/base/os/byte_locks.hpp"
#include "cogway/base/os/shared_memory.hpp"
#include "cogway/base/status.hpp"

namespace cogway::detail {

/// **Threads**: const calls from any thread; the rest by the one that makes or ends it.
/// **Ownership**: its mappings and descriptors. **Progress**: system calls.
/// **Order**: none; the tables have theirs.
class SharedSegments {
 public:
  using Out = std::unique_ptr<SharedSegments>*;
  /// New files without names (an empty `name`: memfds). Nobody else sees them.
  static Status make(const std::string& name, std::uint64_t capacity, Out out);
  /// Finds a bus by name.
  static Status open(const std::string& name, Out out);
  /// Takes over descriptors that another process handed over.
  static Status adopt(os::FileDescriptor control, os::FileDescriptor data, Out out);

  /// Gives the files their names. already_exists: a bus of that name has a live participant, or
  /// another user's file has it.
  Status publish() const;
  /// Closes the bus for good and removes its names, if nobody in it lives; its locks tell.
  [[nodiscard]] bool retire() const noexcept;
  /// Removes the names, if they still lead to these files.
  void unlink() const noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const SharedPlan& plan() const noexcept { return plan_; }
  [[nodiscard]] SharedControl& control() const noexcept { return *control_; }
  [[nodiscard]] const os::ByteLocks& locks() const noexcept { return locks_; }
  [[nodiscard]] LoopCaller& caller() const noexcept { return *caller_; }
  [[nodiscard]] SharedHeader& header(const ClassPlan& at, std::uint32_t block) const noexcept {
    return headers_[at.first + block];
  }
  [[nodiscard]] HintWord<>& warm(const ClassPlan& at, std::uint64_t word) const noexcept {
    return warm_[at.first_map + word];
  }
  [[nodiscard]] HintWord<>& cold(const ClassPlan& at, std::uint64_t word) const noexcept {
    return cold_[at.first_map + word];
  }
  /// Whether there is a name that leads to the files; false for memfds.
  [[nodiscard]] bool linked() const noexcept;
  [[nodiscard]] std::byte* writable(std::uint64_t offset) const noexcept {
    return writable_.data() + offset;
  }
  [[nodiscard]] std::byte* readable(std::uint64_t offset) const noexcept {
    return readable_.data() + offset;
  }
  [[nodiscard]] int control_fd() const noexcept { return control_memory_.fd(); }
  [[nodiscard]] int data_fd() const noexcept { return data_memory_.fd(); }

  /// Pages for the tables of a group's blocks; false: no memory left.
  [[nodiscard]] bool allocate_tables(const ClassPlan& at, std::uint32_t first) const noexcept;
  /// Pages for a group's payloads; false: no memory left.
  [[nodiscard]] bool allocate_group(const ClassPlan& at, std::uint32_t first) const noexcept;
  /// Gives payload pages back.
  void release(std::uint64_t offset, std::uint64_t bytes) noexcept;

 private:
  SharedSegments(std::string name, const SharedPlan& plan, os::SharedMemory control,
                 os::SharedMemory data);
  static Status check_and_map(const std::string& what, std::string name, os::SharedMemory control,
                              os::SharedMemory data, Out out);
  bool replace_dead(const std::string& path, Status* why) const;

  std::string name_;  ///< empty: memfds
  SharedPlan plan_;
  os::SharedMemory control_memory_;
  os::SharedMemory data_memory_;
  os::Mapping control_mapping_;
  os::Mapping writable_;
  os::Mapping readable_;
  os::ByteLocks locks_;
  SharedControl* control_ = nullptr;
  std::unique_ptr<LoopCaller> caller_;
  HintWord<>* warm_ = nullptr;
  HintWord<>* cold_ = nullptr;
  SharedHeader* headers_ = nullptr;
};

/// COGWAY_BUS_DIR, or /dev/shm.
[[nodiscard]] std::string shared_folder();
/// ok, or why that cannot be the name of a bus.
Status check_shared_name(const std::string& name);
/// Names of the buses whose files are in shared_folder().
[[nodiscard]] std::vector<std::string> shared_names();

}  // namespace cogway::detail
