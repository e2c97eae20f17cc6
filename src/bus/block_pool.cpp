// SPDX-License-Identifier: Apache-2.0
#include "bus/block_pool.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

namespace cogway::detail {
namespace {

constexpr std::uint64_t kHugePage = std::uint64_t{2} << 20;
constexpr std::uint64_t kCarveBytes = std::uint64_t{64} << 10;  // at most; less in a small bus

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

// Its blocks begin and end on pages, so that one can be given back without touching its neighbours.
bool has_whole_pages(std::uint32_t size_class) noexcept {
  return size_class_bytes(size_class) % os::page_size() == 0;
}

}  // namespace

BlockPool::BlockPool(std::uint64_t capacity, std::uint64_t resident, bool huge_pages, Bus* bus)
    : bus_(bus), resident_limit_(round_up(resident, os::page_size())) {
  // Every class gets room for as many blocks as the capacity could pay for: addresses are plenty,
  // and no lease fails for want of a block while another class has idle ones.
  std::array<std::uint64_t, kSizeClasses> blocks{};
  std::array<std::uint64_t, kSizeClasses> data_offset{};
  std::uint64_t data_bytes = 0;
  std::uint64_t headers = 0;
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    blocks[i] = std::min<std::uint64_t>(capacity / size_class_least_charge(i), 0xffff'fffe);
    if (blocks[i] == 0) continue;
    data_bytes =
        round_up(data_bytes, size_class_bytes(i) >= kHugePage ? kHugePage : os::page_size());
    data_offset[i] = data_bytes;
    data_bytes = round_up(data_bytes + blocks[i] * size_class_bytes(i), os::page_size());
    headers += blocks[i];
  }
  const std::uint64_t links_offset = round_up(sizeof(ControlHeader), os::page_size());
  const std::uint64_t headers_offset =
      round_up(links_offset + headers * sizeof(IndexStack<>::Link), os::page_size());
  control_memory_ =
      os::SharedMemory("cogway-bus-control", headers_offset + headers * sizeof(BufferHeader));
  data_memory_ = os::SharedMemory("cogway-bus-data", data_bytes);
  control_mapping_ = os::Mapping(control_memory_, os::Access::read_write);
  data_mapping_ = os::Mapping(data_memory_, os::Access::read_write);
  record_memory_ = os::ReservedMemory(headers * sizeof(BufferRecord));
  control_mapping_.exclude_from_core_dumps();
  data_mapping_.exclude_from_core_dumps();
  // Not for smaller blocks: the first of a class would bring 2 MiB into being.
  const std::uint32_t huge = size_class_of(kHugePage);
  if (huge_pages && blocks[huge] != 0) {
    data_mapping_.advise_huge_pages(data_offset[huge], data_bytes - data_offset[huge]);
  }

  control_ = new (control_mapping_.data()) ControlHeader;
  control_->page_size = static_cast<std::uint32_t>(os::page_size());
  control_->capacity = capacity;
  control_->links_offset = links_offset;
  control_->headers_offset = headers_offset;
  control_->data_bytes = data_bytes;
  std::uint64_t index = 0;
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    SizeClass& entry = control_->classes[i];
    entry.blocks = static_cast<std::uint32_t>(blocks[i]);
    entry.data_offset = data_offset[i];
    entry.first = index;
    index += blocks[i];
  }
  links_ = reinterpret_cast<IndexStack<>::Link*>(control_mapping_.data() + links_offset);
  headers_ = reinterpret_cast<BufferHeader*>(control_mapping_.data() + headers_offset);
  records_ = reinterpret_cast<BufferRecord*>(record_memory_.data());
}

BufferRecord* BlockPool::take(std::uint64_t bytes) noexcept {
  const std::uint32_t size_class = size_class_of(bytes);
  SizeClass& entry = control_->classes[size_class];
  if (const std::uint32_t block = entry.warm.pop(links(entry)); block != kNoIndex) {
    BufferRecord* taken = record(entry, block);
    if (taken->header->touched >= bytes) {
      // order: relaxed, a statistic
      entry.hits.fetch_add(1, std::memory_order_relaxed);
      return taken;
    }
    // A block last used for less: the rest of it may never have been touched.
    if (make_resident(taken, bytes)) {
      // order: relaxed, a statistic
      entry.misses.fetch_add(1, std::memory_order_relaxed);
      return taken;
    }
    put(taken);
    return nullptr;
  }
  return take_slowly(entry, size_class, bytes);
}

void BlockPool::put(BufferRecord* record) noexcept {
  SizeClass& entry = control_->classes[record->header->size_class];
  entry.warm.push(links(entry), record->header->block);
}

BufferRecord* BlockPool::take_slowly(SizeClass& entry, std::uint32_t size_class,
                                     std::uint64_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  BufferRecord* taken = nullptr;
  // More blocks exist than leases can hold, but one may be between the lists while we look: another
  // thread has it, and has made progress, whenever a round finds none.
  while (taken == nullptr) {
    if (const std::uint32_t warm = entry.warm.pop(links(entry)); warm != kNoIndex) {
      taken = record(entry, warm);
    } else if (const std::uint32_t cold = entry.cold.pop(links(entry)); cold != kNoIndex) {
      taken = record(entry, cold);
      // order: relaxed, only this lock's holders and lessees of distinct blocks write it
    } else if (entry.carved.load(std::memory_order_relaxed) < entry.blocks) {
      taken = carve(entry, size_class);
      if (taken == nullptr) return nullptr;
    }
  }
  if (taken->header->touched >= bytes) {
    // order: relaxed, a statistic
    entry.hits.fetch_add(1, std::memory_order_relaxed);
    return taken;
  }
  // order: relaxed, a limit that may be passed by what other threads fault in meanwhile
  const std::uint64_t resident = control_->resident.load(std::memory_order_relaxed);
  if (resident + bytes > resident_limit_)
    reclaim_locked(resident + bytes - resident_limit_, &entry);
  if (!make_resident(taken, bytes)) {
    put(taken);
    return nullptr;
  }
  // order: relaxed, a statistic
  entry.misses.fetch_add(1, std::memory_order_relaxed);
  return taken;
}

// Brings new blocks into being and returns one: a single large one, or a run of small ones at once.
BufferRecord* BlockPool::carve(SizeClass& entry, std::uint32_t size_class) noexcept {
  const std::uint64_t block_bytes = size_class_bytes(size_class);
  // order: relaxed, written under the lock only
  const std::uint32_t first = entry.carved.load(std::memory_order_relaxed);
  const auto run = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
      std::min(kCarveBytes, control_->capacity / 256) / block_bytes, 1, entry.blocks - first));
  if (!record_memory_.commit((entry.first + first) * sizeof(BufferRecord),
                             run * sizeof(BufferRecord))) {
    return nullptr;
  }
  for (std::uint32_t block = first; block < first + run; ++block) {
    auto* made = new (&header(entry, block)) BufferHeader;
    new (&links(entry)[block]) IndexStack<>::Link(kNoIndex);
    made->block = block;
    made->size_class = size_class;
    auto* mine = new (record(entry, block)) BufferRecord;
    mine->header = made;
    mine->payload = data_mapping_.data() + entry.data_offset + block * block_bytes;
    mine->bus = bus_;
  }
  // order: release, pairs with for_each_block() acquire; publishes the headers
  entry.carved.store(first + run, std::memory_order_release);
  for (std::uint32_t block = first + 1; block < first + run; ++block) {
    if (make_resident(record(entry, block), block_bytes)) {
      entry.warm.push(links(entry), block);
    } else {
      entry.cold.push(links(entry), block);
    }
  }
  return record(entry, first);
}

bool BlockPool::make_resident(BufferRecord* block, std::uint64_t bytes) noexcept {
  BufferHeader& target = *block->header;
  const std::uint64_t wanted =
      std::min(round_up(bytes, os::page_size()), size_class_bytes(target.size_class));
  const auto offset = static_cast<std::uint64_t>(block->payload - data_mapping_.data());
  try {
    data_mapping_.prefault(offset + target.touched, wanted - target.touched);
  } catch (const std::system_error&) {
    return false;
  }
  // order: relaxed, a statistic
  control_->resident.fetch_add(wanted - target.touched, std::memory_order_relaxed);
  target.touched = wanted;
  return true;
}

std::uint64_t BlockPool::reclaim(std::uint64_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  return reclaim_locked(bytes, nullptr);
}

// Largest blocks first: the fewest system calls, and the fewest that will be missed.
std::uint64_t BlockPool::reclaim_locked(std::uint64_t bytes, const SizeClass* except) noexcept {
  std::uint64_t given_back = 0;
  for (std::uint32_t i = kSizeClasses; i-- > 0 && given_back < bytes;) {
    SizeClass& entry = control_->classes[i];
    if (&entry == except || entry.warm.empty()) continue;
    given_back +=
        has_whole_pages(i) ? reclaim_blocks(entry, i, bytes - given_back) : reclaim_class(entry, i);
  }
  // order: relaxed, a statistic
  control_->resident.fetch_sub(given_back, std::memory_order_relaxed);
  // order: relaxed, a statistic
  control_->reclaimed.fetch_add(given_back, std::memory_order_relaxed);
  return given_back;
}

std::uint64_t BlockPool::reclaim_blocks(SizeClass& entry, std::uint32_t size_class,
                                        std::uint64_t bytes) noexcept {
  std::uint64_t given_back = 0;
  while (given_back < bytes) {
    const std::uint32_t block = entry.warm.pop(links(entry));
    if (block == kNoIndex) break;
    BufferHeader& idle = header(entry, block);
    const std::uint64_t at = entry.data_offset + block * size_class_bytes(size_class);
    if (!release_pages(at, idle.touched)) {
      entry.warm.push(links(entry), block);
      break;
    }
    given_back += std::exchange(idle.touched, 0);
    idle.poisoned = 0;
    entry.cold.push(links(entry), block);
  }
  return given_back;
}

// Small blocks share pages: their memory goes when all of the class are free, or not at all.
std::uint64_t BlockPool::reclaim_class(SizeClass& entry, std::uint32_t size_class) noexcept {
  std::uint32_t taken = 0;
  std::uint32_t chain = kNoIndex;  // of the blocks taken, in their own links
  std::uint64_t resident = 0;
  IndexStack<>::Link* link = links(entry);
  for (IndexStack<>* list : {&entry.warm, &entry.cold}) {
    for (std::uint32_t block = 0; (block = list->pop(link)) != kNoIndex; ++taken) {
      // order: relaxed, the block is this thread's
      link[block].store(chain, std::memory_order_relaxed);
      chain = block;
      resident += header(entry, block).touched;
    }
  }
  // order: relaxed, written under the lock only
  const bool idle = taken == entry.carved.load(std::memory_order_relaxed) &&
                    release_pages(entry.data_offset, taken * size_class_bytes(size_class));
  while (chain != kNoIndex) {
    const std::uint32_t block = chain;
    // order: relaxed, the block is this thread's
    chain = link[block].load(std::memory_order_relaxed);
    if (idle) header(entry, block).touched = header(entry, block).poisoned = 0;
    (header(entry, block).touched == 0 ? entry.cold : entry.warm).push(link, block);
  }
  return idle ? resident : 0;
}

bool BlockPool::release_pages(std::uint64_t offset, std::uint64_t bytes) noexcept {
  try {
    data_memory_.release_pages(offset, bytes);
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

}  // namespace cogway::detail
