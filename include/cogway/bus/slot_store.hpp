// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keyed slots: the latest value under a name. A value is a frozen buffer, replaced as a whole, so a
// reader never sees half of one. Not a cache: nothing is evicted.

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"

namespace cogway {

/// A value and its version, which is higher than that of every earlier value of its key.
struct SlotValue {
  BufferRef buffer;
  std::uint64_t version = 0;
};

/// **Threads**: any.
/// **Ownership**: holds one reference to each value; a reader gets its own. Belongs to one process:
/// a forked child sees it empty, and push() fails there.
/// **Progress**: blocking, for the time of a table look-up in one of 16 shards.
/// **Order**: push() publishes the buffer's content to the get(), pop() or snapshot() that returns
/// it.
/// **Linearizable?** Each call on one key, yes; keys() is not a snapshot of all shards at once.
class SlotStore {
 public:
  static constexpr std::size_t kMaxKeyBytes = 255;

  SlotStore();
  SlotStore(const SlotStore&) = delete;
  SlotStore& operator=(const SlotStore&) = delete;

  /// Puts or replaces. Freezes the buffer if it is leased. invalid_argument: empty or long key;
  /// failed_precondition: the buffer cannot be frozen, or is transferred.
  Status push(std::string_view key, BufferRef buffer, std::uint64_t* version = nullptr);
  /// Puts only when absent: already_exists otherwise, with nothing changed.
  Status push_if_absent(std::string_view key, BufferRef buffer, std::uint64_t* version = nullptr);
  /// The latest value, left in place.
  [[nodiscard]] std::optional<SlotValue> get(std::string_view key) const;
  /// Removes the value. Should the key come back, its version is higher than before.
  [[nodiscard]] std::optional<SlotValue> pop(std::string_view key);
  [[nodiscard]] bool contains(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::size_t size() const;
  /// Drops all values and versions.
  void clear();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>{}(key);
    }
  };
  using Table = std::unordered_map<std::string, SlotValue, Hash, std::equal_to<>>;
  struct alignas(kCacheLine) Shard {
    mutable std::mutex mutex;
    Table table;                     ///< values present
    std::uint64_t last_version = 0;  ///< of any key of the shard: versions never repeat
  };
  static constexpr std::size_t kShards = 16;

  Status put(std::string_view key, BufferRef buffer, bool replace, std::uint64_t* version);
  Shard& shard_of(std::string_view key) noexcept { return shards_[Hash{}(key) % kShards]; }
  const Shard& shard_of(std::string_view key) const noexcept {
    return shards_[Hash{}(key) % kShards];
  }

  std::array<Shard, kShards> shards_;
  const std::uint64_t fork_epoch_;  ///< of the process whose values these are
};

}  // namespace cogway
