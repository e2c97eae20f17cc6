/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that know nothing of cogway, and the declarations of kernels that do the same. */
#include <cogway/kernel_abi.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void nothing(void);
void nothing(void) {}

EXPORT double twice(double x);
double twice(double x) { return 2 * x; }

static int32_t nothing_run(const cogway_call* call) {
  (void)call;
  return COGWAY_OK;
}

static int32_t twice_describe(const cogway_call* call, cogway_output_spec* outputs) {
  (void)call;
  outputs[0].ndim = 0;
  outputs[0].dtype = (cogway_dtype){COGWAY_FLOAT, 64, 1};
  return COGWAY_OK;
}

static int32_t twice_run(const cogway_call* call) {
  *(double*)call->outputs[0].data = 2 * call->params[0].as.f;
  return COGWAY_OK;
}

static const cogway_param_spec twice_params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_FLOAT,
    .name = "x",
    .doc = "what is doubled",
    .flags = COGWAY_PARAM_REQUIRED,
}};

EXPORT extern const cogway_kernel nothing_kernel;
const cogway_kernel nothing_kernel = {
    .size = sizeof(cogway_kernel),
    .name = "table.nothing",
    .doc = "Do nothing.",
    .signature = "() -> ()",
    .run = nothing_run,
};

EXPORT extern const cogway_kernel twice_kernel;
const cogway_kernel twice_kernel = {
    .size = sizeof(cogway_kernel),
    .name = "table.twice",
    .doc = "Double a number.",
    .signature = "(x) -> f64[]",
    .n_outputs = 1,
    .n_params = 1,
    .params = twice_params,
    .describe = twice_describe,
    .run = twice_run,
};
