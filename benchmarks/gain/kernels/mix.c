/* SPDX-License-Identifier: Apache-2.0 */
/* mix: so many rounds of x -> 5 x + 17 on every byte; exported as a plain function, and as the
 * kernel gain.mix around the same code. */
#include <cogway/kernel_abi.h>
#include <string.h>

#define BLOCK 256

static const cogway_host* host;

static void mix_block(const uint8_t* restrict in, uint8_t* restrict out, int64_t count,
                      int64_t rounds) {
  uint8_t values[BLOCK] = {0};
  memcpy(values, in, (size_t)count);
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < BLOCK; ++i) values[i] = (uint8_t)(5 * values[i] + 17);
  }
  memcpy(out, values, (size_t)count);
}

__attribute__((visibility("default"))) void mix(const uint8_t* in, uint8_t* out, int64_t count,
                                                int64_t rounds);
void mix(const uint8_t* in, uint8_t* out, int64_t count, int64_t rounds) {
  for (int64_t i = 0; i < count; i += BLOCK) {
    mix_block(in + i, out + i, count - i < BLOCK ? count - i : BLOCK, rounds);
  }
}

static int32_t describe(const cogway_call* call, cogway_output_spec* outputs) {
  const cogway_view* in = &call->inputs[0];
  if (in->ndim != 1 || in->dtype.bits != 8 || in->strides[0] != 1) {
    return host->fail(call->context, COGWAY_INVALID_ARGUMENT, "takes u8[n], contiguous");
  }
  outputs[0].ndim = 1;
  outputs[0].dtype = in->dtype;
  outputs[0].shape[0] = in->shape[0];
  return COGWAY_OK;
}

static int32_t piece(void* argument, int64_t begin, int64_t end) {
  const cogway_call* call = argument;
  const uint8_t* in = call->inputs[0].data;
  uint8_t* out = call->outputs[0].data;
  mix(in + begin, out + begin, end - begin, call->params[0].as.i);
  return COGWAY_OK;
}

static int32_t run(const cogway_call* call) {
  const int64_t count = call->inputs[0].shape[0];
  /* A piece should take long against handing it out. */
  const int64_t grain = 1 + (1 << 20) / (8 + call->params[0].as.i);
  return host->parallel_for(call->context, count, grain, piece, (void*)call);
}

static const cogway_param_spec params[] = {{
    .size = sizeof(cogway_param_spec),
    .type = COGWAY_PARAM_INT,
    .name = "rounds",
    .doc = "how often",
    .flags = COGWAY_PARAM_REQUIRED,
}};

static const cogway_kernel kernels[] = {{
    .size = sizeof(cogway_kernel),
    .name = "gain.mix",
    .doc = "Mix every byte, so often.",
    .signature = "u8[n] -> u8[n]",
    .min_inputs = 1,
    .max_inputs = 1,
    .n_outputs = 1,
    .n_params = 1,
    .params = params,
    .describe = describe,
    .run = run,
}};

COGWAY_C_PACK(host, "gain", "1.0", kernels);
