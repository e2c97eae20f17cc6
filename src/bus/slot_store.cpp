// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/slot_store.hpp"

#include <utility>

#include "cogway/base/os/fork.hpp"

namespace cogway {

SlotStore::SlotStore() : fork_epoch_(os::fork_epoch()) {}

Status SlotStore::put(std::string_view key, BufferRef buffer, bool replace,
                      std::uint64_t* version) {
  if (fork_epoch_ != os::fork_epoch()) {
    return {StatusCode::failed_precondition, "these slots belong to the parent process"};
  }
  if (key.empty() || key.size() > kMaxKeyBytes) {
    return {StatusCode::invalid_argument,
            "a key has 1 to 255 bytes, not " + std::to_string(key.size())};
  }
  if (!buffer) return {StatusCode::invalid_argument, "an empty reference cannot be pushed"};
  Shard& shard = shard_of(key);
  BufferRef replaced;  // dropped after the lock: freeing calls hooks
  const std::lock_guard lock(shard.mutex);
  auto found = shard.table.find(key);
  if (found != shard.table.end() && !replace) {
    return {StatusCode::already_exists, "key '" + std::string(key) + "' has a value"};
  }
  // Frozen only now: a refused push changes nothing.
  if (Status status = buffer.freeze(); !status.ok()) return status;
  if (found == shard.table.end()) {
    found = shard.table.emplace(std::string(key), SlotValue{}).first;
  }
  replaced = std::exchange(found->second.buffer, std::move(buffer));
  found->second.version = ++shard.last_version;
  if (version != nullptr) *version = found->second.version;
  return {};
}

Status SlotStore::push(std::string_view key, BufferRef buffer, std::uint64_t* version) {
  return put(key, std::move(buffer), true, version);
}

Status SlotStore::push_if_absent(std::string_view key, BufferRef buffer, std::uint64_t* version) {
  return put(key, std::move(buffer), false, version);
}

std::optional<SlotValue> SlotStore::get(std::string_view key) const {
  if (fork_epoch_ != os::fork_epoch()) return std::nullopt;
  const Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.table.find(key);
  if (found == shard.table.end()) return std::nullopt;
  return found->second;
}

std::optional<SlotValue> SlotStore::pop(std::string_view key) {
  if (fork_epoch_ != os::fork_epoch()) return std::nullopt;
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.table.find(key);
  if (found == shard.table.end()) return std::nullopt;
  std::optional<SlotValue> value(std::move(found->second));
  shard.table.erase(found);
  return value;
}

bool SlotStore::contains(std::string_view key) const {
  if (fork_epoch_ != os::fork_epoch()) return false;
  const Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  return shard.table.find(key) != shard.table.end();
}

std::vector<std::string> SlotStore::keys() const {
  std::vector<std::string> names;
  if (fork_epoch_ != os::fork_epoch()) return names;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [key, value] : shard.table) names.push_back(key);
  }
  return names;
}

std::size_t SlotStore::size() const {
  if (fork_epoch_ != os::fork_epoch()) return 0;
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.table.size();
  }
  return total;
}

void SlotStore::clear() {
  if (fork_epoch_ != os::fork_epoch()) return;
  for (Shard& shard : shards_) {
    Table dropped;  // after the lock: freeing calls hooks
    const std::lock_guard lock(shard.mutex);
    dropped.swap(shard.table);
  }
}

}  // namespace cogway
