// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/process.hpp"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "cogway/base/os/error.hpp"

namespace cogway::os {

std::int32_t process_id() noexcept { return static_cast<std::int32_t>(::getpid()); }

PidNamespace pid_namespace() noexcept {
  struct stat status{};
  if (::stat("/proc/self/ns/pid", &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

std::string process_name() {
  std::ifstream file("/proc/self/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof(bits), 0) != static_cast<ssize_t>(sizeof(bits))) {
    throw_errno("getrandom");
  }
  return bits;
}

}  // namespace cogway::os
