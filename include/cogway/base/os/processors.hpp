// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many processors this process may really use: the set its threads may run on, and the share of
// time that its control group grants. Sizes of pools and the right to spin follow from it.
//
// **Threads**: any. **Ownership**: none. **Progress**: blocking: all but a later processor_share()
// read the system's files. **Order**: none.

#include <optional>
#include <string>
#include <vector>

namespace cogway::os {

/// The processors that the calling thread may run on, ascending; never empty.
[[nodiscard]] std::vector<int> allowed_processors();

/// The processor time per second that the control groups of this process grant, in processors (1.5
/// = 150 ms in every 100 ms); nothing where there is no limit. Reads cgroup v2 (cpu.max) and v1
/// (cpu.cfs_quota_us), the tightest of the group and its ancestors. `root` is where the system's
/// files are ("" on a real machine).
[[nodiscard]] std::optional<double> cgroup_processor_quota(const std::string& root = "");

/// What a pool should be sized by: the allowed processors, at most the quota rounded up; at
/// least 1. Reads the system's files anew on each call.
[[nodiscard]] int usable_processors();

/// The same before rounding: what to compare with 2 before spinning. Read once, at the first call.
[[nodiscard]] double processor_share() noexcept;

}  // namespace cogway::os
