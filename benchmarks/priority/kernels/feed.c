/* SPDX-License-Identifier: Apache-2.0 */
/* priority.feed: copies a tensor once a period, and says how late each copy began. */
#include <cogway/kernel_abi.h>
#include <string.h>
#include <time.h>

enum { kBytes = 1 << 16 };

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void wait_until(int64_t ns) {
  const struct timespec until = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0) != 0) {
  }
}

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  if (call->params[0].as.i < 1 || call->params[1].as.i < 1) return COGWAY_INVALID_ARGUMENT;
  outputs[0].ndim = 1;
  outputs[0].shape[0] = call->params[0].as.i;
  outputs[0].dtype = (cogway_dtype){COGWAY_INT, 64, 1};
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  static char source[kBytes];
  static char target[kBytes];
  const int64_t count = call->params[0].as.i;
  const int64_t period = call->params[1].as.i;
  int64_t* late = call->outputs[0].data;
  int64_t began = now();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t due = began + period;
    wait_until(due);
    began = now();
    late[i] = began - due;
    memcpy(target, source, kBytes);
    source[i % kBytes] = target[(i * 7) % kBytes] + 1;
  }
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "n",
     .doc = "how many periods",
     .flags = COGWAY_PARAM_REQUIRED},
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "period_ns",
     .doc = "how long each is",
     .flags = COGWAY_PARAM_REQUIRED},
};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "priority.feed",
    .doc = "Copy a tensor once a period.",
    .signature = "() -> i64[n]",
    .n_outputs = 1,
    .n_params = 2,
    .params = params,
    .describe = describe,
    .run = run,
}};

static const cogway_pack pack = {
    .size = sizeof(cogway_pack),
    .abi = COGWAY_KERNEL_ABI,
    .name = "priority",
    .version = "1.0",
    .kernels = kernels,
    .n_kernels = 1,
};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  (void)table;
  return &pack;
}
