// SPDX-License-Identifier: Apache-2.0
#include "module/log_forwarder.hpp"

#include <atomic>
#include <cstring>

#include "cogway/python/py_ref.hpp"

namespace cogway {
namespace {

/// **Threads**: posted() from any; the rest attached. **Ownership**: the host keeps it for as long
/// as the hook may be called; a posted item keeps it too. Refers to the host weakly.
/// **Progress**: posting is lock-free. **Order**: as ReleaseMailbox.
struct LogForwarder : std::enable_shared_from_this<LogForwarder> {
  struct Item : MailboxItem {
    LogForwarder* owner = nullptr;
  };
  Item item;
  ModuleState* state = nullptr;
  ReleaseMailbox* mailbox = nullptr;
  std::weak_ptr<EngineHost> host;
  std::shared_ptr<LogForwarder> keep;  ///< while posted
  std::atomic<bool> posted{false};
  std::atomic<std::uint64_t> told_dropped{0};  ///< of what LogRing counts as dropped

  ~LogForwarder() {
    if (mailbox != nullptr) mailbox->release();
  }

  static void hook(void* argument) noexcept {
    auto* self = static_cast<LogForwarder*>(argument);
    if (self->posted.exchange(true)) return;
    self->keep = self->weak_from_this().lock();
    self->mailbox->post(&self->item);
  }

  static void release(MailboxItem* posted_item) noexcept {
    LogForwarder* self = static_cast<Item*>(posted_item)->owner;
    const std::shared_ptr<LogForwarder> alive = std::move(self->keep);
    self->posted.store(false);
    if (const auto owner = self->host.lock()) self->forward(owner->engine.log());
  }

  void forward(LogRing& log) {
    if (state->cogway_error == nullptr) return;  // the interpreter is going away
    PyRef records = PyRef::steal(PyList_New(0));
    LogRecord record;
    while (records && log.pop(&record)) {
      PyRef line = PyRef::steal(Py_BuildValue(
          "(iiNN)", record.level, record.worker,
          PyUnicode_DecodeUTF8(record.name, static_cast<Py_ssize_t>(std::strlen(record.name)),
                               "replace"),
          PyUnicode_DecodeUTF8(record.message, static_cast<Py_ssize_t>(std::strlen(record.message)),
                               "replace")));
      if (!line || PyList_Append(records.get(), line.get()) < 0) break;
    }
    const std::uint64_t dropped = log.dropped();
    if (const std::uint64_t told = told_dropped.exchange(dropped); records && dropped > told) {
      PyRef line = PyRef::steal(Py_BuildValue(
          "(iiNN)", 30, -1, PyUnicode_FromString("cogway.engine"),
          PyUnicode_FromFormat("%llu lines of kernels were dropped: more than %zu waited to be "
                               "handed to logging",
                               static_cast<unsigned long long>(dropped - told), log.capacity())));
      if (line) (void)PyList_Append(records.get(), line.get());
    }
    PyRef module = PyRef::steal(PyImport_ImportModule("cogway._logging"));
    PyRef done;
    if (records && module) {
      done = PyRef::steal(PyObject_CallMethod(module.get(), "emit", "O", records.get()));
    }
    if (done) return;
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
      // It is not this line's: have it raised again where somebody waits for it.
      PyErr_Clear();
      PyErr_SetInterrupt();
      return;
    }
    PyErr_WriteUnraisable(module.get());
  }
};

}  // namespace

void forward_log(ModuleState& state, const std::shared_ptr<EngineHost>& host) {
  auto forwarder = std::make_shared<LogForwarder>();
  forwarder->item.release = &LogForwarder::release;
  forwarder->item.owner = forwarder.get();
  forwarder->state = &state;
  forwarder->mailbox = state.mailbox;
  forwarder->mailbox->retain();
  forwarder->host = host;
  host->log_forwarder = forwarder;
  host->engine.log().set_hook(&LogForwarder::hook, forwarder.get());
}

}  // namespace cogway
