// SPDX-License-Identifier: Apache-2.0
#include "pack_sample.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "cogway/kernel_abi.h"
#include "jpeg_crop.hpp"

// Scratch memory of a thread: blocks that every call hands out anew, in the same order.
struct cogway_context {
  struct Block {
    void* memory;
    std::size_t bytes;
  };
  std::vector<Block> blocks;
  std::size_t used = 0;
};

namespace loading_floor {
namespace {

const cogway_kernel* g_kernel = nullptr;

void* scratch(cogway_context* c, std::size_t bytes) {
  if (c->used == c->blocks.size()) c->blocks.push_back({nullptr, 0});
  cogway_context::Block& block = c->blocks[c->used++];
  if (block.bytes < bytes) {
    std::free(block.memory);
    block.bytes = (bytes + bytes / 2 + 63) / 64 * 64;
    block.memory = std::aligned_alloc(64, block.bytes);
  }
  return block.memory;
}

std::int32_t fail(cogway_context*, std::int32_t, const char* message) {
  std::fprintf(stderr, "image.sample: %s\n", message);
  std::exit(1);
}

std::int32_t in_line(cogway_context*, std::int64_t n, std::int64_t, cogway_range_body body,
                     void* argument) {
  return body(argument, 0, n);
}

/// A host that offers what the pack needs, and says so by its size.
cogway_host make_host() {
  cogway_host host{};
  host.size = offsetof(cogway_host, parallel_reduce);
  host.abi = COGWAY_KERNEL_ABI;
  host.cancelled = [](cogway_context*) -> std::int32_t { return 0; };
  host.deadline = [](cogway_context*) -> std::int64_t { return INT64_MAX; };
  host.scratch = scratch;
  host.parallel_for = in_line;
  host.fail = fail;
  host.set_output_shape = [](cogway_context*, std::uint32_t, const std::int64_t*,
                             std::uint32_t) -> std::int32_t { return COGWAY_OK; };
  host.log = [](cogway_context*, std::int32_t, const char*) {};
  return host;
}

const cogway_host kHost = make_host();

/// The kernel's parameters in order, defaults but for those that the question fixes.
std::vector<cogway_value> bind(std::int64_t seed, std::int64_t epoch, std::int64_t index) {
  static const std::int64_t size[] = {kSide, kSide};
  static const double mean[] = {0.485, 0.456, 0.406};
  static const double deviation[] = {0.229, 0.224, 0.225};
  const std::map<std::string, cogway_value> given = {
      {"size", {COGWAY_PARAM_INTS, 2, {.ints = size}}},
      {"flip", {COGWAY_PARAM_FLOAT, 0, {.f = 0.5}}},
      {"mean", {COGWAY_PARAM_FLOATS, 3, {.floats = mean}}},
      {"std", {COGWAY_PARAM_FLOATS, 3, {.floats = deviation}}},
      {"seed", {COGWAY_PARAM_INT, 0, {.i = seed}}},
      {"epoch", {COGWAY_PARAM_INT, 0, {.i = epoch}}},
      {"index", {COGWAY_PARAM_INT, 0, {.i = index}}}};
  std::vector<cogway_value> values;
  for (std::uint32_t i = 0; i < g_kernel->n_params; ++i) {
    const auto found = given.find(g_kernel->params[i].name);
    values.push_back(found == given.end() ? g_kernel->params[i].default_value : found->second);
  }
  return values;
}

}  // namespace

void open_pack(const char* path) {
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(1);
  }
  const auto entry = reinterpret_cast<cogway_pack_entry>(dlsym(library, COGWAY_PACK_ENTRY));
  const cogway_pack* const pack = entry(&kHost);
  for (std::uint32_t i = 0; i < pack->n_kernels; ++i) {
    if (std::strcmp(pack->kernels[i].name, "image.sample") == 0) g_kernel = &pack->kernels[i];
  }
}

void pack_sample(const std::vector<std::uint8_t>& file, std::int64_t seed, std::int64_t epoch,
                 std::int64_t index, float* out) {
  thread_local cogway_context context;
  context.used = 0;
  const std::vector<cogway_value> values = bind(seed, epoch, index);
  cogway_view input{};
  input.size = sizeof(input);
  input.ndim = 1;
  input.data = const_cast<std::uint8_t*>(file.data());
  input.dtype = {COGWAY_UINT, 8, 1};
  input.nbytes = file.size();
  input.shape[0] = static_cast<std::int64_t>(file.size());
  input.strides[0] = 1;
  cogway_view output{};
  output.size = sizeof(output);
  output.ndim = 3;
  output.data = out;
  output.dtype = {COGWAY_FLOAT, 32, 1};
  output.nbytes = std::uint64_t{3} * kSide * kSide * sizeof(float);
  const std::int64_t shape[] = {3, kSide, kSide};
  const std::int64_t strides[] = {4 * kSide * kSide, 4 * kSide, 4};
  std::memcpy(output.shape, shape, sizeof(shape));
  std::memcpy(output.strides, strides, sizeof(strides));
  cogway_call call{};
  call.size = sizeof(call);
  call.n_inputs = 1;
  call.n_outputs = 1;
  call.n_params = static_cast<std::uint32_t>(values.size());
  call.inputs = &input;
  call.outputs = &output;
  call.params = values.data();
  call.context = &context;
  call.data = g_kernel->data;
  if (g_kernel->run(&call) != COGWAY_OK) std::exit(1);
}

}  // namespace loading_floor
