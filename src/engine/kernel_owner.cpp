// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/kernel_owner.hpp"

#include "cogway/base/os/thread.hpp"
#include "cogway/engine/kernel.hpp"

namespace cogway {

KernelOwner::~KernelOwner() {
  if (holds_.count() != 0 && release_ != nullptr) release_(object_);
}

void KernelOwner::adopt_or_hold(void* object, Release release, bool* adopted) noexcept {
  for (;;) {
    if (holds_.try_hold()) {
      *adopted = false;
      return;
    }
    if (holds_.start()) break;
    os::yield_thread();  // the last one is letting go: a few instructions
  }
  object_ = object;
  release_ = release;
  holds_.filled();
  *adopted = true;
}

void KernelOwner::let_go(std::uint32_t count) noexcept {
  if (!holds_.let_go(count)) return;
  void* const object = std::exchange(object_, nullptr);
  const Release release = std::exchange(release_, nullptr);
  holds_.emptied();
  if (release != nullptr) release(object);
}

KernelHold::KernelHold(Kernel* kernel) noexcept {
  if (kernel == nullptr) return;
  if (kernel->owner() == nullptr || kernel->owner()->try_hold()) kernel_ = kernel;
}

KernelHold KernelHold::adopt(Kernel* kernel) noexcept {
  KernelHold hold;
  hold.kernel_ = kernel;
  return hold;
}

KernelHold::KernelHold(const KernelHold& other) noexcept : KernelHold(other.kernel_) {}

void KernelHold::reset() noexcept {
  Kernel* kernel = std::exchange(kernel_, nullptr);
  if (kernel != nullptr && kernel->owner() != nullptr) kernel->owner()->let_go();
}

}  // namespace cogway
