// SPDX-License-Identifier: Apache-2.0
#pragma once
// What Lane is measured against when it is first in, first out: the order of each pusher's own
// values, and nothing between pushers.

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "queue_specs.hpp"

namespace cogway::testing {

/// What is pushed, with who pushed it, or what was taken at once.
struct TransferCall {
  Act act = Act::push;
  std::vector<std::pair<int, int>> values = {};  ///< (pusher, value); one of a push
  bool may_miss = false;                         ///< of a take that found nothing
};

struct PusherOrderSpec {
  using Call = TransferCall;
  std::map<int, std::deque<int>> content{};

  bool apply(const Call& call) {
    if (call.values.empty()) return call.may_miss || content.empty();
    for (const auto& [pusher, value] : call.values) {
      if (call.act == Act::push) {
        content[pusher].push_back(value);
        continue;
      }
      const auto own = content.find(pusher);
      if (own == content.end() || own->second.front() != value) return false;
      own->second.pop_front();
      if (own->second.empty()) content.erase(own);
    }
    return true;
  }
  [[nodiscard]] std::string key() const {
    std::string key;
    for (const auto& [pusher, values] : content) {
      key += std::to_string(pusher) + ":" + content_key(values) + ";";
    }
    return key;
  }
  static std::string text(const Call& call) {
    std::string text = call.act == Act::push ? "push" : "take";
    for (const auto& [pusher, value] : call.values) {
      text += " " + std::to_string(pusher) + ":" + std::to_string(value);
    }
    return text;
  }
};

/// A take may find nothing while another thread pushes or takes.
inline void allow_takes_to_miss(History<TransferCall>& history) {
  for (auto& operation : history) {
    operation.call.may_miss = operation.call.values.empty() &&
                              std::any_of(history.begin(), history.end(), [&](const auto& other) {
                                return overlap(operation, other);
                              });
  }
}

}  // namespace cogway::testing
