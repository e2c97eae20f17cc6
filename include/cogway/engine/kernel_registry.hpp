// SPDX-License-Identifier: Apache-2.0
#pragma once
// All kernels known to the process, by name. Kernels are added (built-ins, packs, accepted
// functions) and never removed, so a Kernel* found once may be kept for ever; the code of an
// accepted one goes when nobody holds it (see kernel_owner.hpp).

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "cogway/base/status.hpp"
#include "cogway/engine/foreign_declaration.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/engine/kernel_owner.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

/// What load() found.
struct PackInfo {
  std::string name;
  std::string version;
  std::string path;  ///< resolved; empty for the core's own
  std::vector<Kernel*> kernels;
};

/// **Threads**: any. **Ownership**: owns its kernels; packs are never closed.
/// **Progress**: blocking (one lock; never on the path of a call: callers keep Kernel*).
/// **Order**: find() sees what a finished add() or load() registered.
class KernelRegistry {
 public:
  /// With the built-ins (core.noop, core.spin, core.copy, file.read) registered.
  KernelRegistry();
  /// The registry that engines use unless told otherwise. Never destroyed.
  static KernelRegistry& process();

  /// nullptr when unknown.
  [[nodiscard]] Kernel* find(std::string_view name) const;
  /// In order of registration; without those that cannot be called by name.
  [[nodiscard]] std::vector<Kernel*> kernels() const;
  /// With them, for statistics.
  [[nodiscard]] std::vector<Kernel*> all_kernels() const;
  [[nodiscard]] std::vector<PackInfo> packs() const;
  /// "unknown kernel 'image.decod': did you mean 'image.decode'?" with the packs that are loaded.
  [[nodiscard]] std::string explain_unknown(std::string_view name) const;

  /// Registers all kernels of `pack`, or none. already_exists names kernel and owner.
  Status add(const cogway_pack& pack, std::string_view path, PackInfo* info = nullptr);
  /// Opens a shared object (RTLD_NOW | RTLD_LOCAL, never closed), asks its cogway_pack_v1 for the
  /// pack and adds it. The same file loaded again returns what it has registered. Refusals say what
  /// is wrong and what to do: not_found (no file, not a shared object), failed_precondition (no
  /// entry symbol, refused by the pack, other ABI), already_exists.
  Status load(std::string_view path, PackInfo* info = nullptr);

  /// Makes a kernel of a function, or finds the one that was made of the same function with the
  /// same arguments. `owner` is what keeps the function; `release(owner)` is called once nobody
  /// holds the kernel any more, or here, if it is not needed or refused. *hold is the caller's.
  /// invalid_argument, unimplemented: see ForeignKernel; already_exists: the name is taken.
  Status accept(const ForeignDeclaration& declaration, void* owner, KernelOwner::Release release,
                KernelHold* hold);
  /// The same of a kernel that is written for kernel_abi.h, and lies outside any pack.
  Status accept_table(const cogway_kernel& table, std::string_view pack, bool replace, void* owner,
                      KernelOwner::Release release, KernelHold* hold);
  /// Changes when a name comes to mean another kernel: for who remembers what find() said.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    // order: acquire, pairs with accept() release; find() then sees the new kernel
    return generation_.load(std::memory_order_acquire);
  }

 private:
  Status add_locked(const cogway_pack& pack, std::string_view path, PackInfo* info);
  struct Accepted;
  Status accept_locked(Accepted& accepted, bool* adopted, KernelHold* hold);

  mutable std::mutex mutex_;
  std::deque<Kernel> kernels_;  ///< stable addresses
  std::map<std::string, Kernel*, std::less<>> by_name_;
  std::deque<PackInfo> packs_;
  std::map<std::string, Kernel*, std::less<>> accepted_;  ///< by what they are made of
  std::atomic<std::uint64_t> generation_{0};              ///< written under the lock
};

/// The table that packs see. Lives for ever.
[[nodiscard]] const cogway_host* host_table() noexcept;

}  // namespace cogway
