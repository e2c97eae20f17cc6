// SPDX-License-Identifier: Apache-2.0
#pragma once
// COGWAY_PACK: the one symbol of a shared object whose kernels are declared by COGWAY_KERNEL, once
// in one of its sources.

#include <cstdio>
#include <string>
#include <vector>

#include "cogway/kernel/declaration.hpp"

#pragma GCC visibility push(hidden)
namespace cogway::kernel::detail {

/// The pack's table; nullptr, with the reason on standard error, where the engine's host is not one
/// for this header or a declaration does not fit its function.
inline const cogway_pack* make_pack(const cogway_host* table, const char* name,
                                    const char* version) noexcept {
  if (table->abi != COGWAY_KERNEL_ABI) return nullptr;
  host = table;
  try {
    static cogway_pack pack{};
    static auto* const kernels = new std::vector<cogway_kernel>();
    if (!kernels->empty()) return &pack;  // asked again
    for (Entry& entry : entries()) {
      if (entry.fault.empty() && entry.params.size() != entry.param_types.size()) {
        entry.fault = "its function takes " + std::to_string(entry.param_types.size()) +
                      " parameters, of which " + std::to_string(entry.params.size()) + " are named";
      }
      if (!entry.fault.empty()) {
        std::fprintf(stderr, "cogway pack '%s': kernel '%s': %s\n", name, entry.kernel.name,
                     entry.fault.c_str());
        kernels->clear();
        return nullptr;
      }
      entry.kernel.n_params = static_cast<std::uint32_t>(entry.params.size());
      entry.kernel.params = entry.params.empty() ? nullptr : entry.params.data();
      kernels->push_back(entry.kernel);
    }
    pack = {sizeof(pack), COGWAY_KERNEL_ABI, name,
            version,      kernels->data(),   static_cast<std::uint32_t>(kernels->size())};
    return &pack;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace cogway::kernel::detail
#pragma GCC visibility pop

/// At global scope, once.
#define COGWAY_PACK(name, version)                                                     \
  extern "C" __attribute__((visibility("default"))) const cogway_pack* cogway_pack_v1( \
      const cogway_host* host) {                                                       \
    return ::cogway::kernel::detail::make_pack(host, name, version);                   \
  }                                                                                    \
  static_assert(true, "a semicolon follows")
