// SPDX-License-Identifier: Apache-2.0
#pragma once
// A move-only value that counts how many of it are alive: what goes in comes out, or dies with the
// queue.

#include <memory>
#include <utility>

namespace cogway::testing {

class Counted {
 public:
  Counted(int id, int& alive) : id_(id), alive_(&alive) { ++*alive_; }
  Counted(Counted&& other) noexcept
      : id_(other.id_), alive_(std::exchange(other.alive_, nullptr)) {}
  Counted& operator=(Counted&& other) noexcept {
    if (this != &other) {
      release();
      id_ = other.id_;
      alive_ = std::exchange(other.alive_, nullptr);
    }
    return *this;
  }
  ~Counted() { release(); }

  [[nodiscard]] int id() const { return id_; }
  [[nodiscard]] bool moved_from() const { return alive_ == nullptr; }

 private:
  void release() {
    if (alive_ != nullptr) --*alive_;
  }
  int id_;
  int* alive_;
};

}  // namespace cogway::testing
