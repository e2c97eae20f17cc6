// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/wait_table.hpp"

namespace cogway {

WaitTable<>& process_wait_table() noexcept {
  // Never destroyed: threads may wait while the process ends.
  static WaitTable<>& table = *new WaitTable<>();
  return table;
}

}  // namespace cogway
