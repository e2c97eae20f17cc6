// SPDX-License-Identifier: Apache-2.0
#include "bus/channel_memory.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "bus/shared_step.hpp"
#include "cogway/bus/size_class.hpp"

namespace cogway::detail {
namespace {

constexpr std::uint64_t kChannelMagic = 0x4e48'4359'5747'4f43;  // "COGWYCHN"
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 39;

std::uint64_t checksum_of(const ChannelConfig& config) noexcept {
  std::uint64_t hash = kChannelMagic;
  for (const std::uint64_t part :
       {std::uint64_t{config.capacity}, std::uint64_t{config.message_bytes}, config.bytes,
        std::uint64_t{config.policy}, std::uint64_t{config.kind}}) {
    hash = (hash ^ part) * 0x100'0000'01b3;
  }
  return hash;
}

const std::atomic<std::uint64_t>* words_of(const std::byte* slot) noexcept {
  return reinterpret_cast<const std::atomic<std::uint64_t>*>(slot);
}
std::atomic<std::uint64_t>* words_of(std::byte* slot) noexcept {
  return reinterpret_cast<std::atomic<std::uint64_t>*>(slot);
}

}  // namespace

Status ChannelConfig::make(const ChannelOptions& options, ChannelConfig* out) {
  ChannelConfig made;
  made.capacity = options.capacity.value_or(ChannelOptions::kCapacity);
  made.message_bytes = options.message_bytes.value_or(ChannelOptions::kMessageBytes);
  made.bytes = options.bytes.value_or(0);
  made.policy = static_cast<std::uint32_t>(options.policy.value_or(ChannelPolicy::block));
  made.kind = static_cast<std::uint32_t>(options.kind.value_or(ChannelKind::mpmc));
  made.checksum = checksum_of(made);
  if (made.whole()) {
    *out = made;
    return {};
  }
  return {StatusCode::invalid_argument,
          "a channel has a capacity of 1 to " + std::to_string(ChannelOptions::kMostCapacity) +
              " messages, inline ones of at most 8 to " +
              std::to_string(ChannelOptions::kMostMessageBytes) + " bytes"};
}

bool ChannelConfig::whole() const noexcept {
  return capacity >= 1 && capacity <= ChannelOptions::kMostCapacity && message_bytes >= 8 &&
         message_bytes <= ChannelOptions::kMostMessageBytes && bytes <= kMostBytes &&
         policy <= static_cast<std::uint32_t>(ChannelPolicy::fail) &&
         kind <= static_cast<std::uint32_t>(ChannelKind::spsc) && checksum == checksum_of(*this);
}

std::uint32_t ChannelConfig::slots() const noexcept {
  return std::max<std::uint32_t>(2, std::bit_ceil(capacity));
}
std::uint32_t ChannelConfig::stride() const noexcept { return (message_bytes + 8 + 63) / 64 * 64; }
std::uint64_t ChannelConfig::total_bytes() const noexcept {
  return kSlotsOffset + std::uint64_t{slots()} * stride();
}
ChannelRing<>::Shape ChannelConfig::shape() const noexcept {
  ChannelRing<>::Shape shape;
  shape.slots = slots();
  shape.stride = stride();
  shape.capacity = capacity;
  shape.most_weight = bytes / kWeightUnit;
  shape.one_sender = kind == static_cast<std::uint32_t>(ChannelKind::spsc);
  shape.weight = weight_of;
  shape.step = shared_step;
  return shape;
}

std::uint64_t weight_of(std::uint32_t size) noexcept {
  if ((size & kCarries) == 0) return (size + kWeightUnit - 1) / kWeightUnit;
  const std::uint32_t size_class = size & ~kCarries;
  return size_class < kSizeClasses ? size_class_bytes(size_class) / kWeightUnit : 0;
}

void write_message(std::byte* slot, const std::byte* from, std::size_t bytes) noexcept {
  std::atomic<std::uint64_t>* word = words_of(slot);
  for (; bytes >= 8; bytes -= 8, from += 8) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, 8);
    // order: relaxed, the ring's publish() publishes it
    word++->store(value, std::memory_order_relaxed);
  }
  if (bytes == 0) return;
  std::uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  // order: relaxed, as above
  word->store(value, std::memory_order_relaxed);
}

void read_message(const std::byte* slot, std::byte* to, std::size_t bytes) noexcept {
  const std::atomic<std::uint64_t>* word = words_of(slot);
  for (; bytes >= 8; bytes -= 8, to += 8) {
    // order: relaxed, the ring's peek() came before and its take() decides whether it is kept
    const std::uint64_t value = word++->load(std::memory_order_relaxed);
    std::memcpy(to, &value, 8);
  }
  if (bytes == 0) return;
  // order: relaxed, as above
  const std::uint64_t value = word->load(std::memory_order_relaxed);
  std::memcpy(to, &value, bytes);
}

void write_handle(std::byte* slot, BufferId id) noexcept {
  std::atomic<std::uint64_t>* words = words_of(slot);
  // order: relaxed both, the ring's publish() publishes them
  words[0].store(std::uint64_t{id.size_class} << 32 | id.block, std::memory_order_relaxed);
  words[1].store(id.generation, std::memory_order_relaxed);
}

BufferId read_handle(const std::byte* slot) noexcept {
  const std::atomic<std::uint64_t>* words = words_of(slot);
  // order: relaxed both, the ring's peek() came before and its take() decides whether it is kept
  const std::uint64_t place = words[0].load(std::memory_order_relaxed);
  const std::uint64_t generation = words[1].load(std::memory_order_relaxed);
  return {static_cast<std::uint32_t>(place >> 32), static_cast<std::uint32_t>(place),
          static_cast<std::uint32_t>(generation)};
}

}  // namespace cogway::detail
