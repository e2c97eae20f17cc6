/* SPDX-License-Identifier: Apache-2.0 */
/* countdown.run: the loop that everybody measures, which no compiler may leave out. */
#include <cogway/kernel_abi.h>

static const cogway_host* host;

static int32_t run(const cogway_call* call) {
  volatile int64_t steps = call->params[0].as.i;
  while (steps > 0) {
    steps = steps - 1;
    if ((steps & 0xffff) == 0 && host->cancelled(call->context)) return COGWAY_CANCELLED;
  }
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_INT,
    .name = "steps",
    .doc = "how many",
    .flags = COGWAY_PARAM_REQUIRED,
}};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "countdown.run",
    .doc = "Count down to zero.",
    .signature = "",
    .n_params = 1,
    .params = params,
    .run = run,
}};

COGWAY_C_PACK(host, "countdown", "1.0", kernels);
