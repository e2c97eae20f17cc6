/* SPDX-License-Identifier: Apache-2.0 */
/* Says how many threads OpenMP gives to whoever asks, in a kernel. */
#include <omp.h>

#include "cogway/kernel_abi.h"

static int32_t describe(const cogway_call* call, cogway_output_spec* output) {
  (void)call;
  output->ndim = 0;
  output->dtype.code = COGWAY_INT;
  output->dtype.bits = 32;
  output->dtype.lanes = 1;
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  int32_t team = 0;
#pragma omp parallel
  {
#pragma omp single
    team = omp_get_num_threads();
  }
  *(int32_t*)call->outputs[0].data = team;
  return COGWAY_OK;
}

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "omp.team",
    .doc = "Say how many threads OpenMP gave.",
    .signature = "() -> i32[]",
    .n_outputs = 1,
    .describe = describe,
    .run = run,
}};
static const cogway_pack pack = {sizeof(cogway_pack), COGWAY_KERNEL_ABI, "omp", "1", kernels, 1};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  (void)table;
  return &pack;
}
