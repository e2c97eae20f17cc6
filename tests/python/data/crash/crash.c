/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that end the process, each in its own way. */
#include <cogway/kernel_abi.h>
#include <stdlib.h>

static const cogway_host* host;
static volatile intptr_t nowhere = 16;
static volatile int32_t zero = 0;

static int32_t deep(int32_t depth) {
  volatile char room[4096];
  room[0] = (char)depth;
  return depth == zero - 1 ? 0 : deep(depth + 1) + room[0];
}

static int32_t piece(void* argument, int64_t begin, int64_t end) {
  (void)argument;
  if (begin <= 7 && 7 < end) *(volatile int32_t*)nowhere = 1;
  return COGWAY_OK;
}

enum { NULL_POINTER, ABORT, TRAP, DEEP, PARALLEL };
static const char* const ways[] = {"null", "abort", "trap", "deep", "parallel", NULL};

static int32_t run(const cogway_call* call) {
  switch (call->params[0].as.i) {
    case NULL_POINTER:
      *(volatile int32_t*)nowhere = 1;
      break;
    case ABORT:
      abort();
    case TRAP:
      __builtin_trap();
    case DEEP:
      return deep(0) == 1;
    default:
      return host->parallel_for(call->context, 8, 1, piece, NULL);
  }
  return COGWAY_OK;
}

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  (void)call;
  (void)outputs;
  *(volatile int32_t*)nowhere = 1;
  return COGWAY_OK;
}

static int32_t nothing(const cogway_call* call) {
  (void)call;
  return COGWAY_OK;
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_CHOICE,
    .name = "how",
    .doc = "in which way",
    .choices = ways,
    .flags = COGWAY_PARAM_REQUIRED,
}};

static const cogway_kernel kernels[] = {
    {
        .size = sizeof(cogway_kernel),
        .name = "crash.now",
        .doc = "End the process.",
        .signature = "",
        .n_params = 1,
        .params = params,
        .run = run,
    },
    {
        .size = sizeof(cogway_kernel),
        .name = "crash.describe",
        .doc = "End the process where the call is made.",
        .signature = "",
        .n_outputs = 1,
        .describe = describe,
        .run = nothing,
    },
};

COGWAY_C_PACK(host, "crash", "1", kernels);
