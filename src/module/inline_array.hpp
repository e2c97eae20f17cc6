// SPDX-License-Identifier: Apache-2.0
#pragma once
// Up to N values on the stack, of which only those used are constructed: what one kernel call
// needs, where constructing eight of everything would cost more than the call.

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace cogway {

/// **Threads**: one. **Ownership**: owns its values. **Progress**: no allocation. **Order**: none.
template <typename T, std::size_t N>
class InlineArray {
 public:
  InlineArray() = default;
  InlineArray(const InlineArray&) = delete;
  InlineArray& operator=(const InlineArray&) = delete;
  ~InlineArray() { std::destroy_n(data(), size_); }

  /// A default-constructed value at the end; the caller knows that there is room.
  T& emplace_back() { return *::new (static_cast<void*>(data() + size_++)) T(); }
  [[nodiscard]] std::span<T> values() noexcept { return {data(), size_}; }

 private:
  T* data() noexcept { return std::launder(reinterpret_cast<T*>(storage_)); }

  alignas(T) std::byte storage_[N * sizeof(T)];
  std::size_t size_ = 0;
};

}  // namespace cogway
