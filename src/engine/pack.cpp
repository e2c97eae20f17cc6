// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/pack.hpp"

#include <dlfcn.h>

#include <filesystem>

#include "cogway/engine/kernel_registry.hpp"

namespace cogway {

Status resolve_pack_path(std::string_view path, std::string* resolved) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(std::filesystem::path(path), error);
  if (error) {
    return {StatusCode::not_found,
            "kernel pack '" + std::string(path) + "': " + error.message() +
                "; give the path of a shared object that exports " COGWAY_PACK_ENTRY};
  }
  if (!std::filesystem::is_regular_file(real, error)) {
    return {StatusCode::not_found, "kernel pack '" + std::string(path) + "' is not a file"};
  }
  *resolved = real.string();
  return {};
}

Status open_pack(const std::string& resolved, const cogway_pack** pack) {
  const std::string where = "kernel pack '" + resolved + "'";
  // RTLD_LOCAL: packs see neither each other nor the core. Never closed: kernels may be running,
  // and what a pack registered (thread-local destructors, static objects) may outlive any engine.
  void* handle = dlopen(resolved.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    return {StatusCode::not_found,
            where + " cannot be opened: " + (reason == nullptr ? "unknown reason" : reason)};
  }
  void* symbol = dlsym(handle, COGWAY_PACK_ENTRY);
  if (symbol == nullptr) {
    return {StatusCode::failed_precondition,
            where + " does not export " COGWAY_PACK_ENTRY
                    ": it is not a cogway kernel pack (in C++ declare the entry extern \"C\" and "
                    "give it default visibility)"};
  }
  const auto entry = reinterpret_cast<cogway_pack_entry>(symbol);
  const cogway_pack* found = entry(host_table());
  if (found == nullptr) {
    return {StatusCode::failed_precondition,
            where + " refuses to run on this host (its entry returned NULL)"};
  }
  if (found->abi != COGWAY_KERNEL_ABI) {
    return {StatusCode::failed_precondition,
            where + " was built for kernel ABI " + std::to_string(found->abi) +
                ", this cogway has ABI " + std::to_string(COGWAY_KERNEL_ABI) +
                ": rebuild it against this version's kernel_abi.h"};
  }
  if (found->size < sizeof(cogway_pack)) {
    return {StatusCode::failed_precondition,
            where + " declares a pack of " + std::to_string(found->size) +
                " bytes, less than the " + std::to_string(sizeof(cogway_pack)) +
                " of this ABI: set .size = sizeof(cogway_pack) and rebuild"};
  }
  if (found->name == nullptr || found->name[0] == '\0') {
    return {StatusCode::failed_precondition, where + " has no name"};
  }
  if (found->n_kernels == 0 || found->kernels == nullptr) {
    return {StatusCode::failed_precondition, where + " has no kernels"};
  }
  *pack = found;
  return {};
}

}  // namespace cogway
