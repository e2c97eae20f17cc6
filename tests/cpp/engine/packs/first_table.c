/* SPDX-License-Identifier: Apache-2.0 */
/* A pack as it was built against the first host table of ABI 1: the table is declared here as it
 * was then, so that it stays what it was when the header grows. */
#include "cogway/kernel_abi.h"

struct first_host {
  uint32_t size;
  uint32_t abi;
  int32_t (*cancelled)(cogway_context* context);
  int64_t (*deadline)(cogway_context* context);
  void* (*scratch)(cogway_context* context, size_t bytes);
  int32_t (*parallel_for)(cogway_context* context, int64_t n, int64_t grain, cogway_range_body body,
                          void* argument);
  int32_t (*fail)(cogway_context* context, int32_t code, const char* message);
  int32_t (*set_output_shape)(cogway_context* context, uint32_t i, const int64_t* shape,
                              uint32_t ndim);
  void (*log)(cogway_context* context, int32_t level, const char* message);
};

static const struct first_host* host;

static int32_t add_body(void* argument, int64_t begin, int64_t end) {
  __atomic_fetch_add((int64_t*)argument, end - begin, __ATOMIC_RELAXED);
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  int64_t done = 0;
  int32_t code = host->parallel_for(call->context, 1000, 10, add_body, &done);
  if (code != COGWAY_OK) return code;
  host->log(call->context, 20, "done");
  if (done == 1000 && host->cancelled(call->context) == 0 &&
      host->deadline(call->context) == INT64_MAX && host->scratch(call->context, 100) != NULL) {
    return COGWAY_OK;
  }
  return host->fail(call->context, COGWAY_INTERNAL, "the table is not what it was");
}

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "first_table.run",
    .doc = "Use every entry of the first host table.",
    .signature = "() -> ()",
    .run = run,
}};

static const cogway_pack pack = {
    sizeof(cogway_pack), COGWAY_KERNEL_ABI, "first_table", "1", kernels, 1};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  if (table->abi != 1 || table->size < sizeof(struct first_host)) return NULL;
  host = (const struct first_host*)(const void*)table;
  return &pack;
}
