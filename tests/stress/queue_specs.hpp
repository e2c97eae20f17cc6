// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sequential objects that our queues are measured against.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "linearizability.hpp"

namespace cogway::testing {

enum class Act : std::uint8_t { push, pop, steal };

/// A call of a queue: `value` is what was pushed or popped, nothing for a pop that found nothing.
struct QueueCall {
  Act act = Act::push;
  std::optional<int> value = {};
  bool accepted = true;   ///< of a push
  bool may_miss = false;  ///< a failure that is allowed although the queue was not empty (full)
};

inline std::string call_text(const QueueCall& call) {
  const std::string value = call.value ? std::to_string(*call.value) : "nothing";
  switch (call.act) {
    case Act::push:
      return "push(" + value + (call.accepted ? ")" : ") refused");
    case Act::pop:
      return "pop() = " + value;
    case Act::steal:
      return "steal() = " + value;
  }
  return {};
}

inline std::string content_key(const std::deque<int>& content) {
  std::string key;
  for (const int value : content) key += std::to_string(value) + ",";
  return key;
}

/// First in, first out, at most `capacity`.
struct FifoSpec {
  using Call = QueueCall;
  std::size_t capacity = 0;
  std::deque<int> content{};

  bool apply(const Call& call) {
    if (call.act == Act::push) {
      if (!call.accepted) return call.may_miss || content.size() == capacity;
      if (content.size() == capacity) return false;
      content.push_back(*call.value);
      return true;
    }
    if (!call.value) return call.may_miss || content.empty();
    if (content.empty() || content.front() != *call.value) return false;
    content.pop_front();
    return true;
  }
  [[nodiscard]] std::string key() const { return content_key(content); }
  static std::string text(const Call& call) { return call_text(call); }
};

/// Last in, first out, at most `capacity`.
struct LifoSpec {
  using Call = QueueCall;
  std::size_t capacity = 0;
  std::deque<int> content{};

  bool apply(const Call& call) {
    if (call.act == Act::push) {
      if (!call.accepted) return call.may_miss || content.size() == capacity;
      if (content.size() == capacity) return false;
      content.push_back(*call.value);
      return true;
    }
    if (!call.value) return call.may_miss || content.empty();
    if (content.empty() || content.back() != *call.value) return false;
    content.pop_back();
    return true;
  }
  [[nodiscard]] std::string key() const { return content_key(content); }
  static std::string text(const Call& call) { return call_text(call); }
};

/// Pushed and popped at the back by the owner, stolen at the front.
struct DequeSpec {
  using Call = QueueCall;
  std::size_t capacity = 0;
  std::deque<int> content{};

  bool apply(const Call& call) {
    if (call.act == Act::push) {
      if (!call.accepted) return content.size() == capacity;
      if (content.size() == capacity) return false;
      content.push_back(*call.value);
      return true;
    }
    if (!call.value) return call.may_miss || content.empty();
    if (content.empty()) return false;
    if (call.act == Act::steal) {
      if (content.front() != *call.value) return false;
      content.pop_front();
    } else {
      if (content.back() != *call.value) return false;
      content.pop_back();
    }
    return true;
  }
  [[nodiscard]] std::string key() const { return content_key(content); }
  static std::string text(const Call& call) { return call_text(call); }
};

using QueueOperation = Operation<QueueCall>;
using QueueHistory = History<QueueCall>;

/// Vyukov's rings may miss while a call of the other kind (or of their own kind, which hides the
/// cells behind its own) is under way: marks the failures that overlap another thread's call.
inline void allow_misses_beside_others(QueueHistory& history) {
  for (QueueOperation& operation : history) {
    const bool failed = operation.call.act == Act::push ? !operation.call.accepted
                                                        : !operation.call.value.has_value();
    operation.call.may_miss =
        failed && std::any_of(history.begin(), history.end(), [&](const QueueOperation& other) {
          return overlap(operation, other);
        });
  }
}

}  // namespace cogway::testing
