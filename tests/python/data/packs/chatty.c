/* SPDX-License-Identifier: Apache-2.0 */
/* Logs more lines in one call than wait for `logging` at a time. */
#include <stdio.h>

#include "cogway/kernel_abi.h"

static const cogway_host* host;

static int32_t run(const cogway_call* call) {
  char line[32];
  for (int64_t i = 0; i < call->params[0].as.i; ++i) {
    snprintf(line, sizeof(line), "line %d", (int)i);
    host->log(call->context, 20, line);
  }
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_INT,
    .flags = COGWAY_PARAM_REQUIRED,
    .name = "lines",
}};
static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "chatty.log",
    .doc = "Log lines.",
    .n_params = 1,
    .params = params,
    .run = run,
}};
static const cogway_pack pack = {sizeof(cogway_pack), COGWAY_KERNEL_ABI, "chatty", "1", kernels, 1};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  host = table;
  return &pack;
}
