// SPDX-License-Identifier: Apache-2.0
#pragma once
// The objects that a look at all hazards found protected, for one look after the other of one
// thread: its memory is kept.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include "cogway/sync/detail/retired_list.hpp"

namespace cogway::detail {

class HazardSet {
 public:
  static std::uintptr_t word_of(const Retirable* object) noexcept {
    return reinterpret_cast<std::uintptr_t>(object);
  }
  void begin() noexcept {
    words_.clear();
    looked_ = 0;
  }
  /// What one hazard says, which may be nothing; false when memory is short.
  bool add(std::uintptr_t word) noexcept {
    ++looked_;
    if (word == 0) return true;
    try {
      words_.push_back(word);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  /// How many hazards there were, protecting something or not.
  [[nodiscard]] std::size_t looked() const noexcept { return looked_; }

  /// Takes from `list` what nobody protects.
  RetiredList unprotected(RetiredList& list) noexcept {
    std::sort(words_.begin(), words_.end());
    RetiredList over;
    RetiredList kept;
    while (!list.empty()) {
      Retirable* const object = list.pop();
      const bool held = std::binary_search(words_.begin(), words_.end(), word_of(object));
      (held ? kept : over).push(object);
    }
    list.append(std::move(kept));
    return over;
  }

 private:
  std::vector<std::uintptr_t> words_;
  std::size_t looked_ = 0;
};

}  // namespace cogway::detail
