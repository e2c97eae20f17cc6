/* SPDX-License-Identifier: Apache-2.0 */
/* A pack as somebody else would write it: C, this header, nothing more. */
#include <string.h>

#include "cogway/kernel_abi.h"

static const cogway_host* host;

static int32_t reverse_describe(const cogway_call* call, cogway_output_spec* output) {
  if (call->inputs[0].ndim != 1) {
    return host->fail(call->context, COGWAY_INVALID_ARGUMENT, "reverse takes flat input");
  }
  output->ndim = 1;
  output->dtype = call->inputs[0].dtype;
  output->shape[0] = call->inputs[0].shape[0];
  return COGWAY_OK;
}

static int32_t reverse_run(const cogway_call* call) {
  const unsigned char* from = call->inputs[0].data;
  unsigned char* to = call->outputs[0].data;
  const int64_t n = call->inputs[0].shape[0];
  for (int64_t i = 0; i < n; ++i) to[i] = from[n - 1 - i];
  return COGWAY_OK;
}

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "good.reverse",
    .doc = "Reverse bytes.",
    .signature = "u8[n] -> u8[n]",
    .min_inputs = 1,
    .max_inputs = 1,
    .n_outputs = 1,
    .describe = reverse_describe,
    .run = reverse_run,
}};

COGWAY_C_PACK(host, "good", "1.2.3", kernels);
