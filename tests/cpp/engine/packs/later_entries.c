/* SPDX-License-Identifier: Apache-2.0 */
/* A pack that uses what the host table gained later, from C. */
#include <string.h>

#include "cogway/kernel_abi.h"

static const cogway_host* host;

static int32_t add_body(void* argument, int64_t begin, int64_t end, void* partial) {
  const int32_t* items = argument;
  int64_t sum;
  memcpy(&sum, partial, sizeof sum);
  for (int64_t i = begin; i < end; ++i) sum += items[i];
  memcpy(partial, &sum, sizeof sum);
  return COGWAY_OK;
}

static void add(void* argument, void* into, const void* partial) {
  (void)argument;
  *(int64_t*)into += *(const int64_t*)partial;
}

static int32_t sum_describe(const cogway_call* call, cogway_output_spec* output) {
  const cogway_view* in = &call->inputs[0];
  if (in->ndim != 1 || in->dtype.code != COGWAY_INT || in->dtype.bits != 32) {
    return host->fail(call->context, COGWAY_INVALID_ARGUMENT, "takes int32[n]");
  }
  output->ndim = 0;
  output->dtype.code = COGWAY_INT;
  output->dtype.bits = 64;
  output->dtype.lanes = 1;
  return COGWAY_OK;
}

static int32_t sum_run(const cogway_call* call) {
  return host->parallel_reduce(call->context, call->inputs[0].shape[0], 100, add_body, add,
                               call->inputs[0].data, call->outputs[0].data, sizeof(int64_t));
}

static int32_t zero_and_sum_run(const cogway_call* call) {
  memset(call->outputs[0].data, 0, sizeof(int64_t));
  return sum_run(call);
}

/* Posts each number below n as one int64, then what it may use of other threads. */
static int32_t count_run(const cogway_call* call) {
  int64_t number = 0;
  const cogway_view view = {.size = sizeof(cogway_view),
                            .data = &number,
                            .dtype = {COGWAY_INT, 64, 1},
                            .nbytes = sizeof number};
  for (; number < call->params[0].as.i; ++number) {
    const int32_t code = host->post(call->context, "count", &view, 1);
    if (code != COGWAY_OK) return host->fail(call->context, code, "the post was refused");
  }
  number = host->thread_budget(call->context);
  return host->post(call->context, "budget", &view, 1);
}

static const cogway_param_spec count_params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_INT,
    .name = "n",
    .doc = "how many",
    .default_value = {.type = COGWAY_PARAM_INT, .as.i = 3},
}};

static const cogway_kernel kernels[] = {
    {
        .size = sizeof(cogway_kernel),
        .name = "later.sum",
        .doc = "Add up.",
        .signature = "i32[n] -> i64[]",
        .min_inputs = 1,
        .max_inputs = 1,
        .n_outputs = 1,
        .describe = sum_describe,
        .run = zero_and_sum_run,
    },
    {
        .size = sizeof(cogway_kernel),
        .name = "later.count",
        .doc = "Post numbers.",
        .signature = "() -> ()",
        .n_params = 1,
        .params = count_params,
        .run = count_run,
    },
};

static const cogway_pack pack = {sizeof(cogway_pack), COGWAY_KERNEL_ABI, "later", "1", kernels, 2};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  if (table->abi != COGWAY_KERNEL_ABI || !COGWAY_HOST_HAS(table, parallel_reduce) ||
      !COGWAY_HOST_HAS(table, thread_budget) || !COGWAY_HOST_HAS(table, post)) {
    return NULL;
  }
  host = table;
  return &pack;
}
