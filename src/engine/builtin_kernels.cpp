// SPDX-License-Identifier: Apache-2.0
#include "builtin_kernels.hpp"

#include <cstring>

#include "cogway/base/clock.hpp"
#include "cogway/base/cpu.hpp"
#include "cogway/base/version.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "strided_copy.hpp"

namespace cogway {
namespace {

int32_t noop_run(const cogway_call*) { return COGWAY_OK; }

int32_t spin_run(const cogway_call* call) {
  const TimePoint end = deadline_after(monotonic_now(), Nanoseconds{call->params[0].as.i});
  while (monotonic_now() < end) {
    if (host_table()->cancelled(call->context) != 0) return COGWAY_CANCELLED;
    cpu_relax();
  }
  return COGWAY_OK;
}

int32_t copy_describe(const cogway_call* call, cogway_output_spec* output) {
  const cogway_view& input = call->inputs[0];
  output->ndim = input.ndim;
  output->dtype = input.dtype;
  std::memcpy(output->shape, input.shape, sizeof(input.shape));
  return COGWAY_OK;
}

int32_t copy_run(const cogway_call* call) {
  copy_strided(call->inputs[0], static_cast<std::byte*>(call->outputs[0].data));
  return COGWAY_OK;
}

constexpr cogway_param_spec kSpinParams[] = {
    {sizeof(cogway_param_spec),
     COGWAY_PARAM_INT,
     "ns",
     "how long, in nanoseconds",
     COGWAY_PARAM_REQUIRED,
     0,
     0,
     0,
     0.0,
     1e18,
     nullptr,
     {0, 0, {0}}},
};

cogway_kernel make(const char* name, const char* doc, const char* signature) {
  cogway_kernel kernel{};
  kernel.size = sizeof(cogway_kernel);
  kernel.name = name;
  kernel.doc = doc;
  kernel.signature = signature;
  return kernel;
}

struct Builtins {
  cogway_kernel kernels[4];
  cogway_pack pack;

  Builtins() {
    kernels[0] = make("core.noop", "Do nothing: measures what a call costs.", "() -> ()");
    kernels[0].run = &noop_run;
    kernels[1] = make("core.spin", "Keep the processor busy for some time, or until cancelled.",
                      "(ns) -> ()");
    kernels[1].run = &spin_run;
    kernels[1].params = kSpinParams;
    kernels[1].n_params = 1;
    kernels[2] = make("core.copy", "Copy a buffer of any strides into a C-contiguous one.",
                      "source: any[...] -> any[...]");
    kernels[2].run = &copy_run;
    kernels[2].describe = &copy_describe;
    kernels[2].min_inputs = kernels[2].max_inputs = 1;
    kernels[2].n_outputs = 1;
    kernels[3] = file_read_kernel();
    pack = {sizeof(cogway_pack), COGWAY_KERNEL_ABI, "core", kVersionString, kernels, 4};
  }
};

}  // namespace

const cogway_pack& builtin_pack() noexcept {
  static const Builtins* const builtins = new Builtins();  // never destroyed, as any pack
  return builtins->pack;
}

}  // namespace cogway
