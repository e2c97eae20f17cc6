/* SPDX-License-Identifier: Apache-2.0 */
/* gray.c: a plain loop over rows of RGB pixels, with or without a look at every index. */
#include <cogway/kernel_abi.h>

static const cogway_host* host;

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  const cogway_view* in = &call->inputs[0];
  if (in->ndim != 3 || in->dtype.code != COGWAY_UINT || in->dtype.bits != 8 || in->shape[2] != 3 ||
      in->strides[2] != 1 || in->strides[1] != 3) {
    return host->fail(call->context, COGWAY_INVALID_ARGUMENT, "takes u8[height, width, 3]");
  }
  outputs[0].ndim = 2;
  outputs[0].dtype = in->dtype;
  outputs[0].shape[0] = in->shape[0];
  outputs[0].shape[1] = in->shape[1];
  return COGWAY_OK;
}

static int32_t rows(void* argument, int64_t begin, int64_t end) {
  const cogway_call* call = argument;
  const cogway_view* in = &call->inputs[0];
  const int64_t width = in->shape[1];
  for (int64_t y = begin; y < end; ++y) {
    const uint8_t* restrict from = (const uint8_t*)in->data + y * in->strides[0];
    uint8_t* restrict to = (uint8_t*)call->outputs[0].data + y * width;
    for (int64_t x = 0; x < width; ++x) {
      to[x] =
          (uint8_t)((77 * from[3 * x] + 150 * from[3 * x + 1] + 29 * from[3 * x + 2] + 128) >> 8);
    }
  }
  return COGWAY_OK;
}

/* The same through an index into the whole picture that is compared with its end, each time. */
typedef struct checked_view {
  const uint8_t* data;
  uint64_t size;
} checked_view;

static inline uint8_t at(checked_view view, uint64_t i) {
  if (i >= view.size) __builtin_trap();
  return view.data[i];
}

static int32_t checked_rows(void* argument, int64_t begin, int64_t end) {
  const cogway_call* call = argument;
  const cogway_view* in = &call->inputs[0];
  const cogway_view* out = &call->outputs[0];
  const checked_view from = {in->data, in->nbytes};
  uint8_t* to = out->data;
  const int64_t width = in->shape[1];
  for (int64_t y = begin; y < end; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const uint64_t i = (uint64_t)(y * in->strides[0] + 3 * x);
      const uint64_t o = (uint64_t)(y * width + x);
      if (o >= out->nbytes) __builtin_trap();
      to[o] =
          (uint8_t)((77 * at(from, i) + 150 * at(from, i + 1) + 29 * at(from, i + 2) + 128) >> 8);
    }
  }
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  const cogway_range_body body = call->params[0].as.i != 0 ? checked_rows : rows;
  return host->parallel_for(call->context, call->inputs[0].shape[0], 32, body, (void*)call);
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_BOOL,
    .name = "checked",
    .doc = "compare every index with the end",
    .default_value = {.type = COGWAY_PARAM_BOOL, .as.i = 0},
}};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "gray.c",
    .doc = "Weigh red, green and blue into luma.",
    .signature = "pixels: u8[height, width, 3] -> u8[height, width]",
    .min_inputs = 1,
    .max_inputs = 1,
    .n_outputs = 1,
    .n_params = 1,
    .params = params,
    .describe = describe,
    .run = run,
}};

COGWAY_C_PACK(host, "gray_c", "1.0", kernels);
