/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that writes where it is told to, which may be where it must not; and one that calls into
 * Python. */
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "cogway/kernel_abi.h"

static const cogway_host* host;
static unsigned char* kept; /* the output of a call that has ended */

enum { OUTPUT, INPUT, SCRATCH, HELPER, KEEP, KEPT, FAIL };
static const char* const places[] = {"output", "input", "scratch", "helper",
                                     "keep",   "kept",  "fail",    0};

typedef struct stray {
  int64_t n, at, count, where;
} stray;

static stray stray_of(const cogway_call* call) {
  const cogway_value* values = call->params;
  const stray made = {values[0].as.i, values[1].as.i, values[2].as.i, values[3].as.i};
  return made;
}

static void scribble(void* memory, const stray* task) {
  memset((unsigned char*)memory + task->at, 1, (size_t)task->count);
}

static int32_t describe(const cogway_call* call, cogway_output_spec* output) {
  output->ndim = 1;
  output->dtype.code = COGWAY_UINT;
  output->dtype.bits = 8;
  output->dtype.lanes = 1;
  output->shape[0] = stray_of(call).n;
  return COGWAY_OK;
}

typedef struct crew {
  const cogway_call* call;
  atomic_int present;
} crew;

/* Both pieces at once, so that each is another worker's. */
static int32_t piece(void* argument, int64_t begin, int64_t end) {
  crew* crew = argument;
  const stray task = stray_of(crew->call);
  (void)end;
  atomic_fetch_add(&crew->present, 1);
  while (atomic_load(&crew->present) < 2) {
    if (host->cancelled(crew->call->context)) return COGWAY_CANCELLED;
    sched_yield();
  }
  if (begin == 0) return COGWAY_OK;
  scribble(host->scratch(crew->call->context, (size_t)task.n), &task);
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  const stray task = stray_of(call);
  memset(call->outputs[0].data, 7, (size_t)task.n);
  switch (task.where) {
    case OUTPUT:
      scribble(call->outputs[0].data, &task);
      break;
    case INPUT:
      scribble(call->inputs[0].data, &task);
      break;
    case SCRATCH:
      memset(host->scratch(call->context, 10), 1, 10);
      scribble(host->scratch(call->context, (size_t)task.n), &task);
      break;
    case HELPER: {
      crew both = {call, 0};
      return host->parallel_for(call->context, 2, 1, piece, &both);
    }
    case KEEP:
      kept = call->outputs[0].data;
      break;
    case KEPT:
      scribble(kept, &task);
      break;
    case FAIL:
      scribble(call->outputs[0].data, &task);
      return host->fail(call->context, COGWAY_DATA_LOSS, "not a picture");
  }
  return COGWAY_OK;
}

/* Calls the function at an address, int(void). */
static int32_t call_address(const cogway_call* call) {
  ((int (*)(void))(uintptr_t)call->params[0].as.i)();
  return COGWAY_OK;
}

/* Memory from functions at two addresses, as malloc and free. */
static int32_t call_allocator(const cogway_call* call) {
  void* memory = ((void* (*)(size_t))(uintptr_t)call->params[0].as.i)(1 << 20);
  ((void (*)(void*))(uintptr_t)call->params[1].as.i)(memory);
  return COGWAY_OK;
}

#define INT(key, value)                                                       \
  {                                                                           \
    .size = sizeof(cogway_param_spec), .type = COGWAY_PARAM_INT, .name = key, \
    .default_value = {.type = COGWAY_PARAM_INT, .as = {.i = value}}           \
  }
static const cogway_param_spec params[] = {
    INT("n", 100),
    INT("at", 0),
    INT("count", 0),
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_CHOICE,
     .name = "where",
     .choices = places,
     .default_value = {.type = COGWAY_PARAM_CHOICE, .as = {.i = OUTPUT}}},
};
static const cogway_param_spec address[] = {INT("address", 0), INT("release", 0)};
static const cogway_kernel kernels[] = {
    {.size = sizeof(cogway_kernel),
     .name = "stray.write",
     .max_inputs = 1,
     .n_outputs = 1,
     .params = params,
     .n_params = 4,
     .describe = describe,
     .run = run},
    {.size = sizeof(cogway_kernel),
     .name = "stray.call",
     .params = address,
     .n_params = 1,
     .run = call_address},
    {.size = sizeof(cogway_kernel),
     .name = "stray.allocate",
     .params = address,
     .n_params = 2,
     .run = call_allocator},
};
COGWAY_C_PACK(host, "stray", "1", kernels);
