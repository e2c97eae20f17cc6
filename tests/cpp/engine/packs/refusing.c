/* SPDX-License-Identifier: Apache-2.0 */
#include "cogway/kernel_abi.h"

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  (void)table;
  return 0;
}
