// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/process.hpp"

#include <unistd.h>

namespace cogway::os {

std::int32_t process_id() noexcept { return static_cast<std::int32_t>(::getpid()); }

}  // namespace cogway::os
