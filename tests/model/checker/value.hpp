// SPDX-License-Identifier: Apache-2.0
#pragma once
// A payload that tells the checker whenever it is read or written, so that a queue which hands over
// a cell without publishing it is caught as a data race, and a value given out twice or never as
// such.

#include <utility>

#include "checker/execution.hpp"

namespace cogway::model {

class Value {
 public:
  Value() { wrote(); }
  Value(int id) : id_(id) { wrote(); }  // NOLINT: a number that is watched
  Value(Value&& other) noexcept : id_(other.taken()) { wrote(); }
  Value& operator=(Value&& other) noexcept {
    id_ = other.taken();
    wrote();
    return *this;
  }
  ~Value() { wrote(); }

  [[nodiscard]] int id() const {
    read();
    return id_;
  }
  static constexpr int kMovedFrom = -1;

 private:
  int taken() {
    read();
    wrote();
    return std::exchange(id_, kMovedFrom);
  }
  void read() const {
    if (Execution* run = Execution::current()) run->plain_read(this);
  }
  void wrote() const {
    if (Execution* run = Execution::current()) run->plain_write(this);
  }
  int id_ = kMovedFrom;
};

}  // namespace cogway::model
