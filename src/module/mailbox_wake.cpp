// SPDX-License-Identifier: Apache-2.0
// The reaper of the release mailbox where no loop runs and no call comes: the interpreter's own
// queue of pending calls, which its main thread serves between two bytecodes. Posting to it needs
// neither the GIL nor a thread of ours. Other interpreters than the main one drain in calls, loops
// and at their end.

#include <Python.h>

#include <atomic>
#include <new>

#include "module/functions.hpp"

namespace cogway {
namespace {

/// Lives as long as the mailbox, which is for ever if something is still to be posted.
struct MailboxWake {
  ReleaseMailbox* mailbox;
  std::atomic<bool> scheduled{false};

  static void wake(void* argument) noexcept {
    auto* self = static_cast<MailboxWake*>(argument);
    if (self->scheduled.exchange(true)) return;
    self->mailbox->retain();
    if (Py_AddPendingCall(&MailboxWake::drain, self) == 0) return;
    // The queue of pending calls is full: the next loop turn, call or post drains.
    self->scheduled.store(false);
    self->mailbox->release();
  }

  static int drain(void* argument) noexcept {
    auto* self = static_cast<MailboxWake*>(argument);
    ReleaseMailbox* mailbox = self->mailbox;
    self->scheduled.store(false);
    mailbox->drain();
    mailbox->release();
    return 0;
  }
};

}  // namespace

void wake_for_mailbox(ModuleState& state) {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) return;
  // Pending calls may hold it beyond the module, so it is never freed: once per import of the main
  // interpreter.
  auto* wake = new (std::nothrow) MailboxWake{state.mailbox};
  if (wake != nullptr) state.mailbox->set_wake(&MailboxWake::wake, wake);
}

}  // namespace cogway
