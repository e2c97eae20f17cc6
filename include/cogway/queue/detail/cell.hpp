// SPDX-License-Identifier: Apache-2.0
#pragma once
// Room for one value of a queue, empty or full as the queue's indices say.

#include <memory>
#include <type_traits>
#include <utility>

namespace cogway::detail {

/// **Threads**: one at a time; the queue's protocol hands it over. **Ownership**: of the value
/// between put() and take(). **Progress**: that of T's move. **Order**: none of its own.
template <typename T>
union Cell {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a value that throws while it moves would be lost between two threads");

  Cell() noexcept {}  // NOLINT: a union member is begun by put()
  ~Cell() {}          // NOLINT: and ended by take()
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  template <typename U>
  void put(U&& from) noexcept {
    static_assert(std::is_nothrow_constructible_v<T, U>, "construct the value before pushing it");
    std::construct_at(std::addressof(value), std::forward<U>(from));
  }
  [[nodiscard]] T take() noexcept {
    T taken(std::move(value));
    std::destroy_at(std::addressof(value));
    return taken;
  }

 private:
  T value;
};

}  // namespace cogway::detail
