// SPDX-License-Identifier: Apache-2.0
// The registry's way in for functions that come without a pack.

#include <bit>
#include <string>
#include <utility>

#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/engine/kernel_registry.hpp"

namespace cogway {

/// What a kernel is to be made of.
struct KernelRegistry::Accepted {
  const cogway_kernel& table;
  std::string identity;
  std::string_view pack;
  bool anonymous = false;
  bool replace = false;
  std::unique_ptr<const ForeignKernel> foreign;  ///< null: a table
  void* owner = nullptr;
  KernelOwner::Release release = nullptr;
};

Status KernelRegistry::accept_locked(Accepted& accepted, bool* adopted, KernelHold* hold) {
  if (Status status = Kernel::check(accepted.table, accepted.pack); !status.ok()) return status;
  const std::string name(accepted.table.name);
  const auto known = accepted_.find(accepted.identity);
  const auto taken = accepted.anonymous ? by_name_.end() : by_name_.find(name);
  const bool same = known != accepted_.end();
  if (taken != by_name_.end() && !accepted.replace && (!same || taken->second != known->second)) {
    return {StatusCode::already_exists,
            "kernel '" + name + "' is registered already, by '" + taken->second->pack() +
                "', as another function: choose another name, or give replace=True"};
  }
  Kernel* kernel = nullptr;
  if (same) {
    kernel = known->second;
  } else {
    kernel = &kernels_.emplace_back(accepted.table, accepted.pack,
                                    static_cast<std::uint32_t>(kernels_.size()),
                                    std::move(accepted.foreign), std::make_unique<KernelOwner>());
    accepted_.emplace(std::move(accepted.identity), kernel);
  }
  if (!accepted.anonymous) {
    Kernel*& place = by_name_[kernel->name()];
    if (place != nullptr && place != kernel) {
      // order: release, pairs with generation() acquire; publishes nothing, the lock does
      generation_.fetch_add(1, std::memory_order_release);
    }
    place = kernel;
  }
  kernel->owner()->adopt_or_hold(accepted.owner, accepted.release, adopted);
  *hold = KernelHold::adopt(kernel);
  return {};
}

Status KernelRegistry::accept(const ForeignDeclaration& declaration, void* owner,
                              KernelOwner::Release release, KernelHold* hold) {
  bool adopted = false;
  std::unique_ptr<ForeignKernel> made;
  Status status = ForeignKernel::make(declaration, &made);
  if (status.ok()) {
    const cogway_kernel& table = made->declaration();
    std::string identity = made->identity();
    Accepted accepted{table,
                      std::move(identity),
                      declaration.pack,
                      declaration.anonymous,
                      declaration.replace,
                      std::move(made),
                      owner,
                      release};
    const std::scoped_lock lock(mutex_);
    status = accept_locked(accepted, &adopted, hold);
  }
  if (!adopted && release != nullptr) release(owner);
  return status;
}

Status KernelRegistry::accept_table(const cogway_kernel& table, std::string_view pack, bool replace,
                                    void* owner, KernelOwner::Release release, KernelHold* hold) {
  bool adopted = false;
  Status status;
  {
    const auto at = [](auto* pointer) {
      return " " + std::to_string(std::bit_cast<std::uintptr_t>(pointer));
    };
    Accepted accepted{table,
                      "table " + std::string(table.name == nullptr ? "" : table.name) +
                          at(table.run) + at(table.describe) + at(table.params) + at(table.data),
                      pack,
                      false,
                      replace,
                      nullptr,
                      owner,
                      release};
    const std::scoped_lock lock(mutex_);
    status = accept_locked(accepted, &adopted, hold);
  }
  if (!adopted && release != nullptr) release(owner);
  return status;
}

}  // namespace cogway
