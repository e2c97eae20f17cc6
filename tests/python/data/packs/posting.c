/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that post: numbers in a row, and under whatever name they are told. */
#include "cogway/kernel_abi.h"

static const cogway_host* host;

/* Posts first, first + 1 … under a name, until n are out or a post is refused. */
static int32_t count_run(const cogway_call* call) {
  const char* name = call->params[0].as.s;
  int64_t number = call->params[2].as.i;
  const int64_t end = number + call->params[1].as.i;
  cogway_view view = {.size = sizeof(cogway_view),
                      .data = &number,
                      .dtype = {COGWAY_INT, 64, 1},
                      .nbytes = sizeof number};
  for (; number < end; ++number) {
    const int32_t code = host->post(call->context, name, &view, 1);
    if (code != COGWAY_OK) return host->fail(call->context, code, "refused");
  }
  return COGWAY_OK;
}

/* Posts its inputs, all together. */
static int32_t echo_run(const cogway_call* call) {
  return host->post(call->context, "echo", call->inputs, call->n_inputs);
}

/* Posts until nobody takes posts any more. */
static int32_t endless_run(const cogway_call* call) {
  while (host->post(call->context, call->params[0].as.s, 0, 0) != COGWAY_UNAVAILABLE) {
  }
  return COGWAY_OK;
}

#define NAME                          \
  {.size = sizeof(cogway_param_spec), \
   .type = COGWAY_PARAM_STRING,       \
   .name = "to",                      \
   .doc = "the name to post under",   \
   .flags = COGWAY_PARAM_REQUIRED}
static const cogway_param_spec count_params[] = {
    NAME,
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "n",
     .doc = "how many",
     .flags = COGWAY_PARAM_REQUIRED},
    {.size = sizeof(cogway_param_spec),
     .type = COGWAY_PARAM_INT,
     .name = "first",
     .doc = "the first number",
     .default_value = {.type = COGWAY_PARAM_INT}},
};
static const cogway_param_spec name_params[] = {NAME};

static const cogway_kernel kernels[] = {
    {.size = sizeof(cogway_kernel),
     .name = "posting.count",
     .doc = "Post numbers.",
     .signature = "() -> ()",
     .n_params = 3,
     .params = count_params,
     .run = count_run},
    {.size = sizeof(cogway_kernel),
     .name = "posting.echo",
     .doc = "Post the inputs.",
     .signature = "any... -> ()",
     .max_inputs = 8,
     .run = echo_run},
    {.size = sizeof(cogway_kernel),
     .name = "posting.endless",
     .doc = "Post until nobody takes posts any more.",
     .signature = "() -> ()",
     .n_params = 1,
     .params = name_params,
     .run = endless_run},
};
static const cogway_pack pack = {
    sizeof(cogway_pack), COGWAY_KERNEL_ABI, "posting", "1", kernels, 3};

__attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1(const cogway_host* table);
const cogway_pack* cogway_pack_v1(const cogway_host* table) {
  host = table;
  return COGWAY_HOST_HAS(table, post) ? &pack : 0;
}
