// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/kernel_registry.hpp"

#include <algorithm>
#include <vector>

#include "builtin_kernels.hpp"
#include "cogway/base/os/thread_pools.hpp"
#include "cogway/engine/pack.hpp"

namespace cogway {
namespace {

const cogway_kernel& kernel_at(const cogway_pack& pack, std::uint32_t i) {
  const auto* base = reinterpret_cast<const std::byte*>(pack.kernels);
  return *reinterpret_cast<const cogway_kernel*>(base + std::size_t{pack.kernels->size} * i);
}

/// Edits (insert, delete, replace) from one word to another; small words only.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

KernelRegistry::KernelRegistry() {
  const Status status = add(builtin_pack(), "");
  if (!status.ok()) throw std::logic_error("built-in kernels: " + status.message());
}

KernelRegistry& KernelRegistry::process() {
  static KernelRegistry* const registry =
      new KernelRegistry();  // never destroyed: packs run at exit
  return *registry;
}

Kernel* KernelRegistry::find(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<Kernel*> KernelRegistry::kernels() const {
  std::vector<Kernel*> named = all_kernels();
  const std::scoped_lock lock(mutex_);
  std::erase_if(named, [this](Kernel* kernel) {
    const auto found = by_name_.find(kernel->name());
    const bool released = kernel->owner() != nullptr && kernel->owner()->holds() == 0;
    return released || found == by_name_.end() || found->second != kernel;
  });
  return named;
}

std::vector<Kernel*> KernelRegistry::all_kernels() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Kernel*> all;
  all.reserve(kernels_.size());
  for (const Kernel& kernel : kernels_) all.push_back(const_cast<Kernel*>(&kernel));
  return all;
}

std::vector<PackInfo> KernelRegistry::packs() const {
  const std::scoped_lock lock(mutex_);
  return {packs_.begin(), packs_.end()};
}

std::string KernelRegistry::explain_unknown(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  std::string text = "unknown kernel '" + std::string(name) + "'";
  const Kernel* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& [known, kernel] : by_name_) {
    if (const std::size_t edits = distance(name.substr(0, 64), known); edits < best) {
      best = edits;
      nearest = kernel;
    }
  }
  if (nearest != nullptr) return text + ": did you mean '" + nearest->name() + "'?";
  text += "; packs loaded:";
  for (const PackInfo& pack : packs_) text += " " + pack.name;
  return text + " (load others with cogway.load(path))";
}

Status KernelRegistry::add(const cogway_pack& pack, std::string_view path, PackInfo* info) {
  os::find_thread_pools();
  const std::scoped_lock lock(mutex_);
  return add_locked(pack, path, info);
}

Status KernelRegistry::add_locked(const cogway_pack& pack, std::string_view path, PackInfo* info) {
  const std::string name = pack.name == nullptr ? "" : pack.name;
  for (std::uint32_t i = 0; i < pack.n_kernels; ++i) {
    const cogway_kernel& declaration = kernel_at(pack, i);
    if (Status status = Kernel::check(declaration, name); !status.ok()) return status;
    const auto taken = by_name_.find(declaration.name);
    bool twice = taken != by_name_.end();
    for (std::uint32_t j = 0; j < i; ++j) {
      twice |= std::string_view(kernel_at(pack, j).name) == declaration.name;
    }
    if (twice) {
      const std::string owner = taken == by_name_.end() ? name : taken->second->pack();
      return {StatusCode::already_exists, "pack '" + name + "': kernel '" + declaration.name +
                                              "' is registered already, by pack '" + owner +
                                              "'; nothing of this pack was added"};
    }
  }
  PackInfo added{name, pack.version == nullptr ? "" : pack.version, std::string(path), {}};
  for (std::uint32_t i = 0; i < pack.n_kernels; ++i) {
    Kernel& kernel = kernels_.emplace_back(kernel_at(pack, i), name,
                                           static_cast<std::uint32_t>(kernels_.size()));
    by_name_.emplace(kernel.name(), &kernel);
    added.kernels.push_back(&kernel);
  }
  packs_.push_back(added);
  if (info != nullptr) *info = std::move(added);
  return {};
}

Status KernelRegistry::load(std::string_view path, PackInfo* info) {
  std::string resolved;
  if (Status status = resolve_pack_path(path, &resolved); !status.ok()) return status;
  const std::scoped_lock lock(mutex_);
  for (const PackInfo& pack : packs_) {
    if (pack.path == resolved) {
      if (info != nullptr) *info = pack;
      return {};
    }
  }
  const cogway_pack* pack = nullptr;
  if (Status status = open_pack(resolved, &pack); !status.ok()) return status;
  os::find_thread_pools();
  return add_locked(*pack, resolved, info);
}

}  // namespace cogway
