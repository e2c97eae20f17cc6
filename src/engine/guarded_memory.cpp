// SPDX-License-Identifier: Apache-2.0
#include "guarded_memory.hpp"

#include <exception>
#include <new>
#include <utility>

#include "bus/overrun_text.hpp"
#include "cogway/base/cacheline.hpp"
#include "cogway/base/os/shared_memory.hpp"

namespace cogway {

GuardedMemory::GuardedMemory(std::size_t bytes, std::size_t misalignment) {
  if (bytes > SIZE_MAX / 4) throw std::bad_alloc();
  const std::size_t room = (misalignment + bytes + kCacheLine - 1) & ~(kCacheLine - 1);
  const std::size_t usable = os::round_to_pages(room + 2 * detail::kRedzoneBytes);
  memory_ = os::ReservedMemory(usable + os::page_size());
  if (!memory_.commit(0, usable)) throw std::bad_alloc();
  zones_.end = memory_.data() + usable;
  zones_.payload = zones_.end - detail::kRedzoneBytes - room + misalignment;
  zones_.begin = zones_.end - 2 * detail::kRedzoneBytes - room;
  zones_.nbytes = bytes;
  zones_.fill_zones();
  zones_.fill_payload();
}

bool GuardedMemory::check(Finding* found) const noexcept {
  return !detail::take_damage(zones_, found);
}

void* GuardedScratch::allocate(std::size_t bytes, const char* owner) noexcept {
  try {
    pieces_.push_back({GuardedMemory(bytes, 0), owner});
    return pieces_.back().memory.data();
  } catch (const std::exception&) {
    return nullptr;
  }
}

void GuardedScratch::free_since(std::size_t count, std::vector<Finding>& found) noexcept {
  for (std::size_t i = count; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    try {
      for (Finding damage; !piece.memory.check(&damage);) {
        if (piece.owner != nullptr) damage.kernel = piece.owner;
        damage.argument = "scratch " + std::to_string(i - count);
        damage.message = detail::overrun_text(
            damage, piece.owner, "of " + std::to_string(piece.memory.size()) + " bytes", nullptr);
        found.push_back(std::exchange(damage, Finding{}));
      }
    } catch (const std::bad_alloc&) {
      // told by nobody
    }
  }
  while (pieces_.size() > count) pieces_.pop_back();
}

}  // namespace cogway
