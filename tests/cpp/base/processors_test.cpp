// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/processors.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

using namespace cogway::os;

namespace {

/// A made-up root of system files.
class Root {
 public:
  Root() {
    std::string pattern = std::filesystem::temp_directory_path() / "cogway-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { std::filesystem::remove_all(path_); }

  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = path_ + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("this machine has processors, and a pool is sized within them") {
  const std::vector<int> allowed = allowed_processors();
  REQUIRE_FALSE(allowed.empty());
  CHECK(std::is_sorted(allowed.begin(), allowed.end()));
  CHECK(usable_processors() >= 1);
  CHECK(usable_processors() <= static_cast<int>(allowed.size()));
  CHECK(processor_share() > 0.0);
}

TEST_CASE("version 2: the tightest of a group and its ancestors counts") {
  const Root root;
  root.write("/proc/self/cgroup", "0::/outer/inner\n");
  CHECK_FALSE(cgroup_processor_quota(root.path()));
  root.write("/sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  CHECK_FALSE(cgroup_processor_quota(root.path()));
  root.write("/sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
  CHECK(*cgroup_processor_quota(root.path()) == doctest::Approx(1.5));
  root.write("/sys/fs/cgroup/outer/inner/cpu.max", "50000 100000\n");
  CHECK(*cgroup_processor_quota(root.path()) == doctest::Approx(0.5));
}

TEST_CASE("version 2 inside a container: the mount itself is the group") {
  const Root root;
  root.write("/proc/self/cgroup", "0::/\n");
  root.write("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  CHECK(*cgroup_processor_quota(root.path()) == doctest::Approx(3.0));
}

TEST_CASE("version 1: quota and period in two files, -1 for none") {
  const Root root;
  root.write("/proc/self/cgroup", "4:memory:/m\n3:cpu,cpuacct:/c\n");
  root.write("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "-1\n");
  root.write("/sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(cgroup_processor_quota(root.path()));
  root.write("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "25000\n");
  CHECK(*cgroup_processor_quota(root.path()) == doctest::Approx(0.25));
}

TEST_CASE("nonsense in the files is no limit") {
  const Root root;
  root.write("/proc/self/cgroup", "garbage\n0::relative\n0::/g\n");
  root.write("/sys/fs/cgroup/g/cpu.max", "lots of time\n");
  CHECK_FALSE(cgroup_processor_quota(root.path()));
  root.write("/sys/fs/cgroup/g/cpu.max", "100000 0\n");
  CHECK_FALSE(cgroup_processor_quota(root.path()));
}
