// SPDX-License-Identifier: Apache-2.0
#pragma once
// What BlockingQueue is measured against: a queue that is closed, and calls that wait.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "queue_specs.hpp"

namespace cogway::testing {

struct ClosingCall {
  enum class Kind : std::uint8_t { at_once, waiting, close } kind = Kind::waiting;
  QueueCall call = {};  ///< unless it is a close
};

/// First in, first out. A call that waits fails only when closed, and a pop then only when nothing
/// is left; one that does not may also find the queue full or empty.
struct ClosingSpec {
  using Call = ClosingCall;
  FifoSpec queue{};
  bool closed = false;

  bool apply(const Call& call) {
    if (call.kind == Call::Kind::close) return closed = true;
    const bool push = call.call.act == Act::push;
    const bool fails = push ? !call.call.accepted : !call.call.value;
    if (!fails) return !(push && closed) && queue.apply(call.call);
    if (closed && (push || queue.content.empty())) return true;
    return call.kind == Call::Kind::at_once && queue.apply(call.call);
  }
  [[nodiscard]] std::string key() const { return queue.key() + (closed ? "closed" : ""); }
  static std::string text(const Call& call) {
    if (call.kind == Call::Kind::close) return "close()";
    return (call.kind == Call::Kind::waiting ? "waiting " : "") + call_text(call.call);
  }
};

/// As allow_misses_beside_others(), for the calls that do not wait.
inline void allow_quick_misses(History<ClosingCall>& history) {
  for (auto& operation : history) {
    operation.call.call.may_miss =
        operation.call.kind == ClosingCall::Kind::at_once &&
        std::any_of(history.begin(), history.end(),
                    [&](const auto& other) { return overlap(operation, other); });
  }
}

}  // namespace cogway::testing
