/* SPDX-License-Identifier: Apache-2.0 */
/* `handover.stamp`: leaves a number in the first 8 bytes of a buffer from the bus and nothing else,
 * so that what is measured is the way of the buffer and not the work that fills it. */
#include <string.h>

#include "cogway/kernel_abi.h"

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  outputs[0].ndim = 1;
  outputs[0].dtype.code = COGWAY_UINT;
  outputs[0].dtype.bits = 8;
  outputs[0].dtype.lanes = 1;
  outputs[0].shape[0] = call->params[0].as.i;
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  const int64_t stamp = call->params[1].as.i;
  memcpy(call->outputs[0].data, &stamp, sizeof stamp);
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "nbytes",
     .doc = "bytes of the buffer",
     .flags = COGWAY_PARAM_REQUIRED,
     .min_value = 8,
     .max_value = 1 << 30},
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "stamp",
     .doc = "the number to leave in the first 8 bytes",
     .flags = COGWAY_PARAM_REQUIRED},
};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "handover.stamp",
    .doc = "Leave a number in the first 8 bytes of a new buffer.",
    .signature = "() -> u8[nbytes]",
    .n_outputs = 1,
    .n_params = 2,
    .params = params,
    .describe = describe,
    .run = run,
}};

static const cogway_pack pack = {
    .size = sizeof(cogway_pack),
    .abi = COGWAY_KERNEL_ABI,
    .name = "handover",
    .version = "1",
    .kernels = kernels,
    .n_kernels = 1,
};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* host) {
  return host->abi == COGWAY_KERNEL_ABI ? &pack : NULL;
}
