/* SPDX-License-Identifier: Apache-2.0 */
#include "cogway/kernel_abi.h"

static const cogway_pack pack = {sizeof(cogway_pack), COGWAY_KERNEL_ABI + 1, "future", "9", 0, 0};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  (void)table;
  return &pack;
}
