// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a stack that is taken whole is measured against: MpscStack, PolledStack.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "queue_specs.hpp"

namespace cogway::testing {

enum class CollectAct : std::uint8_t { push, take_all, close };

struct CollectCall {
  CollectAct act = CollectAct::push;
  int value = 0;                   ///< of a push
  bool accepted = true;            ///< of a push
  std::optional<bool> first = {};  ///< of an accepted push that tells: nothing was inside
  std::vector<int> taken = {};     ///< by the others, oldest first
};

/// Values pile up until all are taken; after close() nothing is let in.
struct CollectSpec {
  using Call = CollectCall;
  std::deque<int> content{};
  bool closed = false;

  bool apply(const Call& call) {
    if (call.act == CollectAct::push) {
      if (call.accepted == closed) return false;
      if (!call.accepted) return true;
      if (call.first && *call.first != content.empty()) return false;
      content.push_back(call.value);
      return true;
    }
    if (!std::equal(call.taken.begin(), call.taken.end(), content.begin(), content.end())) {
      return false;
    }
    content.clear();
    closed = closed || call.act == CollectAct::close;
    return true;
  }
  [[nodiscard]] std::string key() const { return content_key(content) + (closed ? "closed" : ""); }
  static std::string text(const Call& call) {
    if (call.act == CollectAct::push) {
      const char* answer = !call.accepted ? " refused" : call.first.value_or(false) ? " first" : "";
      return "push(" + std::to_string(call.value) + ")" + answer;
    }
    return (call.act == CollectAct::close ? "close() = " : "take_all() = ") +
           content_key({call.taken.begin(), call.taken.end()});
  }
};

/// Takes or closes, and copies what comes out; `Stack`'s nodes have an `int id`.
template <typename Stack, typename Node>
CollectCall collected(CollectAct act, Node* node) {
  CollectCall call{act};
  for (; node != nullptr; node = Stack::next_of(node)) call.taken.push_back(node->id);
  return call;
}

}  // namespace cogway::testing
