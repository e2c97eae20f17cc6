// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a kernel's code needs to stay where it is: the object behind an accepted function (a library
// handle, compiled code). Kernels stay known for ever; what they need goes when nobody can call
// them any more. Kernels of packs have no owner: packs are never closed.

#include <cstdint>
#include <utility>

#include "cogway/sync/hold_count.hpp"

namespace cogway {

class Kernel;

/// **Threads**: any. **Ownership**: owns `object` from adopt() to the last let_go(), which releases
/// it on whatever thread that is. **Progress**: as HoldCount. **Order**: as HoldCount.
class KernelOwner {
 public:
  /// Must not block or need the GIL.
  using Release = void (*)(void* object) noexcept;

  KernelOwner() = default;
  KernelOwner(const KernelOwner&) = delete;
  KernelOwner& operator=(const KernelOwner&) = delete;
  ~KernelOwner();

  /// One hold, the caller's, on `object` if nobody holds another, else on that other.
  void adopt_or_hold(void* object, Release release, bool* adopted) noexcept;
  /// False: it has been released.
  [[nodiscard]] bool try_hold(std::uint32_t count = 1) noexcept { return holds_.try_hold(count); }
  void let_go(std::uint32_t count = 1) noexcept;
  [[nodiscard]] std::uint64_t holds() const noexcept { return holds_.count(); }

 private:
  HoldCount<> holds_;
  void* object_ = nullptr;     ///< of who fills or empties; read by nobody else
  Release release_ = nullptr;  ///< likewise
};

/// While one lives, the kernel's code stays. Free of cost for kernels without an owner.
///
/// **Threads**: one object a thread. **Ownership**: one hold. **Progress**: as HoldCount.
/// **Order**: as HoldCount.
class KernelHold {
 public:
  KernelHold() noexcept = default;
  /// Empty if what the kernel needs has been released.
  explicit KernelHold(Kernel* kernel) noexcept;
  /// Takes over one hold that the caller has.
  [[nodiscard]] static KernelHold adopt(Kernel* kernel) noexcept;
  KernelHold(const KernelHold& other) noexcept;
  KernelHold(KernelHold&& other) noexcept : kernel_(std::exchange(other.kernel_, nullptr)) {}
  KernelHold& operator=(KernelHold other) noexcept {
    std::swap(kernel_, other.kernel_);
    return *this;
  }
  ~KernelHold() { reset(); }

  void reset() noexcept;
  [[nodiscard]] Kernel* get() const noexcept { return kernel_; }
  explicit operator bool() const noexcept { return kernel_ != nullptr; }

 private:
  Kernel* kernel_ = nullptr;
};

}  // namespace cogway
