/* SPDX-License-Identifier: Apache-2.0 */
/* Claims a name of the core beside one of its own: neither must be registered. */
#include "cogway/kernel_abi.h"

static int32_t run(const cogway_call* call) {
  (void)call;
  return COGWAY_OK;
}

static const cogway_kernel kernels[] = {
    {.size = sizeof(cogway_kernel), .name = "duplicate.own", .run = run},
    {.size = sizeof(cogway_kernel), .name = "core.noop", .run = run},
};
static const cogway_pack pack = {
    sizeof(cogway_pack), COGWAY_KERNEL_ABI, "duplicate", "1", kernels, 2};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  (void)table;
  return &pack;
}
