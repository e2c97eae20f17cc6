/* SPDX-License-Identifier: Apache-2.0 */
/* sweeps.run: so many passes over an array that fits into a cache, with a barrier after each, on as
 * many of OpenMP's threads as it gives. Writes how many these were, and the sum of the items. */
#include <cogway/kernel_abi.h>
#include <omp.h>

enum { ITEMS = 262144 };

static const cogway_host* host;

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  (void)call;
  outputs[0].ndim = 1;
  outputs[0].dtype = (cogway_dtype){COGWAY_INT, 64, 1};
  outputs[0].shape[0] = 2;
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  uint32_t* items = host->scratch(call->context, ITEMS * sizeof *items);
  if (items == 0) return COGWAY_RESOURCE_EXHAUSTED;
  const int64_t passes = call->params[0].as.i;
  int64_t* result = call->outputs[0].data;
  int64_t team = 0;
  int64_t sum = 0;
#pragma omp parallel reduction(+ : sum)
  {
#pragma omp single
    team = omp_get_num_threads();
#pragma omp for schedule(static)
    for (int i = 0; i < ITEMS; ++i) items[i] = (uint32_t)i;
    for (int64_t pass = 0; pass < passes; ++pass) {
#pragma omp for schedule(static)
      for (int i = 0; i < ITEMS; ++i) items[i] = items[i] * 1664525u + 1013904223u;
    }
#pragma omp for schedule(static)
    for (int i = 0; i < ITEMS; ++i) sum += items[i];
  }
  result[0] = team;
  result[1] = sum;
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_INT,
    .name = "passes",
    .doc = "how many, each with a barrier",
    .flags = COGWAY_PARAM_REQUIRED,
}};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "sweeps.run",
    .doc = "Pass over an array in OpenMP's threads.",
    .signature = "() -> i64[2]",
    .n_outputs = 1,
    .n_params = 1,
    .params = params,
    .describe = describe,
    .run = run,
}};

COGWAY_C_PACK(host, "sweeps", "1.0", kernels);
