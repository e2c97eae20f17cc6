// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/freed_hook.hpp"

#include "bus/call_gate.hpp"
#include "cogway/base/os/fork.hpp"

namespace cogway {

struct FreedHooks::Slot {
  detail::CallGate<> gate;       ///< open while somebody subscribes
  FreedFunction call = nullptr;  ///< written before the gate is opened
  void* argument = nullptr;
  bool taken = false;    ///< under mutex_
  Slot* next = nullptr;  ///< written before the slot is published
};

FreedHooks::FreedHooks() : fork_epoch_(os::fork_epoch()) {}

FreedHooks::~FreedHooks() {
  for (Slot* slot = first_.load(); slot != nullptr;) delete std::exchange(slot, slot->next);
}

FreedHooks::Slot* FreedHooks::subscribe(FreedFunction call, void* argument) {
  const std::lock_guard lock(mutex_);
  Slot* slot = first_.load();
  while (slot != nullptr && slot->taken) slot = slot->next;
  const bool fresh = slot == nullptr;
  if (fresh) {
    slot = new Slot;
    slot->next = first_.load();
  }
  slot->taken = true;
  slot->call = call;
  slot->argument = argument;
  slot->gate.open();
  if (fresh) first_.store(slot);
  return slot;
}

void FreedHooks::unsubscribe(Slot* slot) noexcept {
  if (fork_epoch_ != os::fork_epoch()) return;
  slot->gate.stop();
  const std::lock_guard lock(mutex_);
  slot->taken = false;
}

void FreedHooks::call_all() noexcept {
  for (Slot* slot = first_.load(); slot != nullptr; slot = slot->next) {
    slot->gate.run([slot] { slot->call(slot->argument); });
  }
}

}  // namespace cogway
