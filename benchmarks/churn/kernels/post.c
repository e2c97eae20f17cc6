/* SPDX-License-Identifier: Apache-2.0 */
/* churn.post: posts the numbers 0, 1, ... n - 1, and says how long that took, without what it works
 * in between. When the port is full it gives way and posts again, which counts as well. */
#include <cogway/kernel_abi.h>
#include <sched.h>
#include <time.h>

static const cogway_host* host;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Works for a while; returns when it ended. */
static int64_t work_for(int64_t ns) {
  const int64_t end = now() + ns;
  int64_t time = now();
  while (time < end) time = now();
  return time;
}

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  (void)call;
  outputs[0].ndim = 0;
  outputs[0].dtype = (cogway_dtype){COGWAY_INT, 64, 1};
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  int64_t number = 0;
  const cogway_view view = {.size = sizeof(cogway_view),
                            .data = &number,
                            .dtype = {COGWAY_INT, 64, 1},
                            .nbytes = sizeof number};
  int64_t spent = 0;
  for (; number < call->params[0].as.i; ++number) {
    const int64_t began = work_for(call->params[1].as.i);
    int32_t code = host->post(call->context, "churn", &view, 1);
    while (code == COGWAY_RESOURCE_EXHAUSTED && !host->cancelled(call->context)) {
      sched_yield();
      code = host->post(call->context, "churn", &view, 1);
    }
    if (code != COGWAY_OK) return code;
    spent += now() - began;
  }
  *(int64_t*)call->outputs[0].data = spent;
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "n",
     .doc = "how many",
     .flags = COGWAY_PARAM_REQUIRED},
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "pause_ns",
     .doc = "how long to work before each",
     .flags = COGWAY_PARAM_REQUIRED},
};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "churn.post",
    .doc = "Post numbers.",
    .signature = "() -> i64[]",
    .n_outputs = 1,
    .n_params = 2,
    .params = params,
    .describe = describe,
    .run = run,
}};

static const cogway_pack pack = {
    .size = sizeof(cogway_pack),
    .abi = COGWAY_KERNEL_ABI,
    .name = "churn",
    .version = "1.0",
    .kernels = kernels,
    .n_kernels = 1,
};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  host = table;
  return COGWAY_HOST_HAS(table, post) ? &pack : 0;
}
