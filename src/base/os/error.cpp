// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/error.hpp"

#include <cerrno>

namespace cogway::os {

void throw_error(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void throw_errno(const std::string& what) { throw_error(errno, what); }

}  // namespace cogway::os
