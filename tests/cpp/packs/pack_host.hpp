// SPDX-License-Identifier: Apache-2.0
#pragma once
// A host of the tests for kernel packs: the host table of kernel_abi.h without an engine. It checks
// and fills in parameters as the engine does, gives each scratch request memory of its own (so that
// a sanitizer sees its ends), and runs parallel_for on threads of its own or in reverse order.
//
// Threads: call() from any number of threads. Ownership: results own their memory.

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "cogway/kernel_abi.h"

namespace pack_host {

/// Scratch memory that is kept from call to call, as a worker keeps it.
struct Arena {
  std::vector<std::vector<std::uint8_t>> blocks;
  std::size_t used = 0;

  void* take(std::size_t bytes) {
    if (used == blocks.size()) blocks.emplace_back();
    std::vector<std::uint8_t>& block = blocks[used++];
    if (block.size() < bytes + 64) block.resize(bytes + 64);
    const auto address = reinterpret_cast<std::uintptr_t>(block.data());
    return block.data() + (64 - address % 64) % 64;
  }
};

}  // namespace pack_host

struct cogway_context {
  std::vector<std::unique_ptr<void, decltype(&std::free)>> blocks;
  std::string message;
  std::int64_t cancel_after = -1;  ///< looks at cancelled() until it says yes; -1: never
  std::atomic<std::int64_t> looks{0};
  std::size_t scratch_left = SIZE_MAX;
  pack_host::Arena* arena = nullptr;  ///< instead of blocks of its own
  unsigned threads = 0;               ///< of parallel_for
  std::vector<std::int64_t> output_shape;
  std::atomic<std::int64_t> pieces{0};  ///< bodies run by parallel_for
};

namespace pack_host {

using Value =
    std::variant<bool, int, double, const char*, std::vector<std::int64_t>, std::vector<double>>;
struct Param {
  const char* name;
  Value value;
};

/// An array of the tests: C-contiguous bytes with a dtype and shape.
struct Array {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> shape;
  cogway_dtype dtype{COGWAY_UINT, 8, 1};

  [[nodiscard]] cogway_view view() const {
    cogway_view v{};
    v.size = sizeof(v);
    v.ndim = static_cast<std::uint32_t>(shape.size());
    v.data = const_cast<std::uint8_t*>(bytes.data());
    v.dtype = dtype;
    v.nbytes = bytes.size();
    std::int64_t stride = dtype.bits / 8;
    for (std::size_t i = shape.size(); i-- > 0;) {
      v.shape[i] = shape[i];
      v.strides[i] = stride;
      stride *= shape[i];
    }
    return v;
  }
  [[nodiscard]] const float* floats() const {
    return static_cast<const float*>(static_cast<const void*>(bytes.data()));
  }
};

struct Result {
  std::int32_t status = COGWAY_OK;
  bool described = false;  ///< describe() succeeded
  std::string message;
  Array output;
  std::int64_t looks = 0;
  std::int64_t pieces = 0;
};

struct Conditions {
  std::int64_t cancel_after = -1;
  std::size_t scratch_bytes = SIZE_MAX;
  unsigned threads = 0;
  Arena* arena = nullptr;
  void (*around_run)(bool begins) = nullptr;  ///< called before and after run()
};

inline std::int32_t host_cancelled(cogway_context* c) {
  return c->cancel_after >= 0 && c->looks.fetch_add(1) >= c->cancel_after ? 1 : 0;
}
inline std::int64_t host_deadline(cogway_context*) { return INT64_MAX; }
inline void* host_scratch(cogway_context* c, std::size_t bytes) {
  if (c->arena != nullptr) return c->arena->take(bytes);
  if (bytes > c->scratch_left) return nullptr;
  c->scratch_left -= bytes;
  void* const block = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (block != nullptr) {
    std::memset(block, 0xA5, bytes);  // of no particular content, as the ABI says
    c->blocks.emplace_back(block, &std::free);
  }
  return block;
}
inline std::int32_t host_parallel_for(cogway_context* c, std::int64_t n, std::int64_t grain,
                                      cogway_range_body body, void* argument) {
  const std::int64_t pieces = (n + grain - 1) / grain;
  std::atomic<std::int32_t> status{COGWAY_OK};
  const auto run = [&](std::int64_t piece) {
    c->pieces.fetch_add(1);
    const std::int64_t begin = piece * grain;
    const std::int32_t s = body(argument, begin, begin + grain < n ? begin + grain : n);
    std::int32_t ok = COGWAY_OK;
    if (s != COGWAY_OK) status.compare_exchange_strong(ok, s);
  };
  if (c->threads == 0) {
    for (std::int64_t piece = pieces; piece-- > 0;) run(piece);
    return status;
  }
  std::atomic<std::int64_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < c->threads; ++i) {
    threads.emplace_back([&] {
      for (std::int64_t piece; (piece = next.fetch_add(1)) < pieces;) run(piece);
    });
  }
  threads.clear();
  return status;
}
inline std::int32_t host_fail(cogway_context* c, std::int32_t code, const char* message) {
  c->message = message;
  return code;
}
inline std::int32_t host_set_output_shape(cogway_context* c, std::uint32_t,
                                          const std::int64_t* shape, std::uint32_t ndim) {
  c->output_shape.assign(shape, shape + ndim);
  return COGWAY_OK;
}
inline void host_log(cogway_context*, std::int32_t, const char*) {}

/// The table of an engine that knows no later additions: the pack must ask before it uses one.
inline const cogway_host& host_table() {
  static const cogway_host table = [] {
    cogway_host made{};
    made.size = offsetof(cogway_host, parallel_reduce);
    made.abi = COGWAY_KERNEL_ABI;
    made.cancelled = host_cancelled;
    made.deadline = host_deadline;
    made.scratch = host_scratch;
    made.parallel_for = host_parallel_for;
    made.fail = host_fail;
    made.set_output_shape = host_set_output_shape;
    made.log = host_log;
    return made;
  }();
  return table;
}

class PackHost {
 public:
  explicit PackHost(cogway_pack_entry entry) : pack_(entry(&host_table())) {
    if (pack_ == nullptr) throw std::runtime_error("the pack refuses to run here");
  }
  explicit PackHost(const char* path) : PackHost(entry_of(path)) {}

  [[nodiscard]] const cogway_pack& pack() const { return *pack_; }

  [[nodiscard]] const cogway_kernel& kernel(const std::string& name) const {
    for (std::uint32_t i = 0; i < pack_->n_kernels; ++i) {
      if (name == pack_->kernels[i].name) return pack_->kernels[i];
    }
    throw std::runtime_error("no kernel " + name);
  }

  Result call(const std::string& name, const cogway_view& input, const std::vector<Param>& given,
              const Conditions& conditions = {}) const;
  Result call(const std::string& name, const Array& input, const std::vector<Param>& given = {},
              const Conditions& conditions = {}) const {
    return call(name, input.view(), given, conditions);
  }

 private:
  static cogway_pack_entry entry_of(const char* path) {
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    return reinterpret_cast<cogway_pack_entry>(dlsym(library, COGWAY_PACK_ENTRY));
  }

  const cogway_pack* pack_;
};

}  // namespace pack_host

#include "pack_params.hpp"
