/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel with mistakes in it, each asked for by name: what the debugging guide looks for. */
#include <cogway/kernel_abi.h>
#include <stdlib.h>
#include <string.h>

static const cogway_host* host;

enum { NONE, NULL_POINTER, PAST_END, PAST_OUTPUT, OVERFLOW, ENDLESS };
static const char* const bugs[] = {"none",     "null",    "past_end", "past_output",
                                   "overflow", "endless", NULL};

/* Frame pointers and no inlining make the stack readable: see the guide. */
__attribute__((noinline)) static float sum_of(const float* items, int64_t count) {
  float total = 0;
  for (int64_t i = 0; i < count; ++i) total += items[i];
  return total;
}

__attribute__((noinline)) static float sum_of_copy(const float* items, int64_t count,
                                                   int64_t room) {
  float* copy = malloc((size_t)room * sizeof(float));
  for (int64_t i = 0; i < count; ++i) copy[i] = items[i]; /* one too many, if room is short */
  const float total = sum_of(copy, count);
  free(copy);
  return total;
}

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  const cogway_view* in = &call->inputs[0];
  if (in->ndim != 1 || in->dtype.code != COGWAY_FLOAT || in->dtype.bits != 32 ||
      in->strides[0] != sizeof(float)) {
    return host->fail(call->context, COGWAY_INVALID_ARGUMENT, "takes float32[n], contiguous");
  }
  outputs[0].ndim = 0; /* a single number */
  outputs[0].dtype = in->dtype;
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  const float* items = call->inputs[0].data;
  const int64_t count = call->inputs[0].shape[0];
  float* total = call->outputs[0].data;
  switch (call->params[0].as.i) {
    case NULL_POINTER:
      *total = sum_of(NULL, count);
      break;
    case PAST_END:
      *total = sum_of_copy(items, count, count - 1);
      break;
    case PAST_OUTPUT:
      total[0] = sum_of(items, count);
      total[1] = total[0] / (float)count; /* there is room for one number */
      break;
    case OVERFLOW: {
      int32_t number = INT32_MAX - 1;
      for (int64_t i = 0; i < count; ++i) number += 1;
      *total = (float)number;
      break;
    }
    case ENDLESS:
      while (!host->cancelled(call->context)) *total = sum_of(items, count);
      return COGWAY_CANCELLED;
    default:
      *total = sum_of(items, count);
  }
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_CHOICE,
    .name = "bug",
    .doc = "which mistake to make",
    .choices = bugs,
    .default_value = {.type = COGWAY_PARAM_CHOICE, .as.i = NONE},
}};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "stray.sum",
    .doc = "Add up all items, or make a mistake.",
    .signature = "f32[n] -> f32[]",
    .min_inputs = 1,
    .max_inputs = 1,
    .n_outputs = 1,
    .n_params = 1,
    .params = params,
    .describe = describe,
    .run = run,
}};

COGWAY_C_PACK(host, "stray", "1.0", kernels);
