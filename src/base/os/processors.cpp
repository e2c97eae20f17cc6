// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/processors.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "cogway/base/os/thread.hpp"

namespace cogway::os {
namespace {

/// The tightest of two limits.
void tighten(std::optional<double>& limit, std::optional<double> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

/// "quota period" in microseconds, quota "max" or negative for none; nothing when malformed.
std::optional<double> ratio(const std::string& quota, const std::string& period) {
  if (quota.empty() || quota == "max") return std::nullopt;
  char* end = nullptr;
  const double granted = std::strtod(quota.c_str(), &end);
  const double each = std::strtod(period.c_str(), nullptr);
  if (end == quota.c_str() || granted <= 0 || each <= 0) return std::nullopt;
  return granted / each;
}

std::string first_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

std::optional<double> limit_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  std::string period;
  if (!(file >> quota >> period)) return std::nullopt;
  return ratio(quota, period);
}

std::optional<double> limit_v1(const std::string& folder) {
  return ratio(first_word(folder + "/cpu.cfs_quota_us"), first_word(folder + "/cpu.cfs_period_us"));
}

/// The tightest limit of `group` and of its ancestors up to the mount point. Inside a container the
/// group named in /proc may not be visible below the mount: then only the mount itself counts.
template <typename Limit>
std::optional<double> tightest(const std::string& mount, std::string group, Limit limit) {
  std::optional<double> found = limit(mount);
  while (group.size() > 1) {
    tighten(found, limit(mount + group));
    group.resize(group.find_last_of('/'));
  }
  return found;
}

bool lists_cpu(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

std::vector<int> allowed_processors() {
  std::vector<int> allowed = affinity(this_thread_id());
  if (allowed.empty()) allowed.push_back(0);
  return allowed;
}

std::optional<double> cgroup_processor_quota(const std::string& root) {
  // Lines of "hierarchy:controllers:/group"; hierarchy 0 with no controllers is version 2.
  std::ifstream file(root + "/proc/self/cgroup");
  std::optional<double> quota;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (group.empty() || group.front() != '/') continue;
    if (controllers.empty()) {
      tighten(quota, tightest(root + "/sys/fs/cgroup", group, limit_v2));
      tighten(quota, tightest(root + "/sys/fs/cgroup/unified", group, limit_v2));
    } else if (lists_cpu(controllers)) {
      tighten(quota, tightest(root + "/sys/fs/cgroup/cpu", group, limit_v1));
    }
  }
  return quota;
}

int usable_processors() {
  const int allowed = static_cast<int>(allowed_processors().size());
  const std::optional<double> quota = cgroup_processor_quota();
  if (!quota) return allowed;
  return std::clamp(static_cast<int>(std::ceil(*quota)), 1, allowed);
}

double processor_share() noexcept {
  static const double share = [] {
    try {
      const auto allowed = static_cast<double>(allowed_processors().size());
      return std::min(allowed, cgroup_processor_quota().value_or(allowed));
    } catch (...) {
      return 1.0;  // out of memory while reading: assume the least, which only forgoes spinning
    }
  }();
  return share;
}

}  // namespace cogway::os
