// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_pool.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "bus/shared_step.hpp"
#include "cogway/base/os/futex.hpp"

namespace cogway::detail {
namespace {

constexpr Nanoseconds kPagingPatience = std::chrono::milliseconds(100);
constexpr std::uint32_t kPerWord = HintWord<>::kBlocks;

}  // namespace

std::uint32_t SharedPool::carved(std::uint32_t size_class) const noexcept {
  // order: acquire, pairs with give_pages() release; publishes the headers
  return std::min(control().classes[size_class].carved.load(std::memory_order_acquire),
                  plan(size_class).blocks);
}

SharedPool::Taken SharedPool::take(std::uint32_t size_class, std::uint32_t* block) noexcept {
  Taken taken = Taken::yes;
  if (!take_warm(size_class, block)) {
    if (!lock_paging()) return Taken::busy;
    taken = take_locked(size_class, block);
    control().paging.unlock();
  }
  if (taken == Taken::yes) {
    // order: relaxed, a statistic
    control().classes[size_class].leases.fetch_add(1, std::memory_order_relaxed);
  }
  return taken;
}

bool SharedPool::take_warm(std::uint32_t size_class, std::uint32_t* block) noexcept {
  const ClassPlan& at = plan(size_class);
  const std::uint32_t exist = carved(size_class);
  const std::uint32_t words = (exist + kPerWord - 1) / kPerWord;
  // order: relaxed, where to begin: any word is right
  const std::uint32_t start = cursor_[size_class].load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < words; ++i) {
    const std::uint32_t word = (start + i) % words;
    HintWord<>& hints = segments_.warm(at, word);
    for (std::uint32_t bit = hints.take(); bit != HintWord<>::kNone; bit = hints.take()) {
      shared_step("claim.hinted");
      const std::uint32_t candidate = word * kPerWord + bit;
      // As it is now: the hint may be at a block that came into being since.
      if (candidate >= carved(size_class) ||
          !segments_.header(at, candidate).holders.try_claim(me_)) {
        continue;
      }
      shared_step("claim.claimed");
      // order: acquire, pairs with give_pages() release; constant while the block is held
      if (paged(at, candidate).load(std::memory_order_acquire) == 0) {
        leave(size_class, candidate);  // an old hint at a block that has lost its pages since
        continue;
      }
      // order: relaxed, as above
      cursor_[size_class].store(word, std::memory_order_relaxed);
      *block = candidate;
      return true;
    }
  }
  return false;
}

void SharedPool::leave_for(std::uint32_t participant, std::uint32_t size_class,
                           std::uint32_t block) noexcept {
  if (segments_.header(plan(size_class), block).holders.leave(participant) ==
      HolderWord<>::Left::freed) {
    freed(size_class, block);
  }
}

void SharedPool::freed(std::uint32_t size_class, std::uint32_t block) noexcept {
  shared_step("free.left");
  offer(size_class, block);
  shared_step("free.offered");
  // Sequentially consistent with a waiter that announces itself and then looks for hints.
  if (control().waiters.load() == 0) return;
  control().freed.fetch_add(1);
  os::futex_wake(control().freed, std::numeric_limits<int>::max(), os::FutexScope::shared);
}

std::uint64_t SharedPool::disinherit() noexcept {
  std::uint64_t given_up = 0;
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    const std::uint32_t exist = carved(i);
    for (std::uint32_t block = 0; block < exist; ++block) {
      const auto left = segments_.header(plan(i), block).holders.disinherit();
      if (left != HolderWord<>::Left::absent) ++given_up;
      if (left == HolderWord<>::Left::freed) freed(i, block);
    }
  }
  return given_up;
}

// May be wrong by the time that it is seen: a hint.
void SharedPool::offer(std::uint32_t size_class, std::uint32_t block) noexcept {
  const ClassPlan& at = plan(size_class);
  // order: relaxed, whoever takes the hint looks again
  const bool warm = paged(at, block).load(std::memory_order_relaxed) != 0;
  const std::uint32_t word = block / kPerWord;
  (warm ? segments_.warm(at, word) : segments_.cold(at, word)).set(block % kPerWord);
  // order: relaxed, where to begin: any word is right
  if (warm) cursor_[size_class].store(word, std::memory_order_relaxed);
}

std::uint64_t SharedPool::reclaim(std::uint32_t dead) noexcept {
  std::uint64_t held = 0;
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    const ClassPlan& at = plan(i);
    const std::uint32_t exist = carved(i);
    for (std::uint32_t block = 0; block < exist; ++block) {
      SharedHeader& shared = segments_.header(at, block);
      HolderWord<>& holders = shared.holders;
      if ((holders.holders() >> dead & 1) != 0) {
        // It may have died between two steps of putting it into a channel, or of taking it out.
        if (shared.carried.count() != 0) holders.carry();
        if (holders.carried()) shared.suspect.store(1);
        leave_for(dead, i, block);
        shared_step("reclaim.left");
        ++held;
      } else if (!holders.held()) {
        offer(i, block);
      }
    }
  }
  return held;
}

// ---- pages --------------------------------------------------------------------------------------

bool SharedPool::lock_paging() noexcept {
  switch (control().paging.lock_until(deadline_after(monotonic_now(), kPagingPatience))) {
    case RobustMutex::Taken::no:
    case RobustMutex::Taken::ours:
    case RobustMutex::Taken::broken:
      return false;
    case RobustMutex::Taken::abandoned:
      repair_paging();
      return true;
    case RobustMutex::Taken::yes:
      shared_step("page.locked");
      return true;
  }
  return false;
}

// What is paged is so in one word for each group, written when all its pages are there and before
// the first is taken away: so a step that was cut short can be told from one that was done.
void SharedPool::repair_paging() noexcept {
  const std::uint64_t bytes = control().step_bytes.load();
  const std::uint64_t offset = control().step_offset.load();
  std::uint64_t resident = 0;
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    const ClassPlan& at = plan(i);
    const std::uint32_t exist = carved(i);
    for (std::uint32_t first = 0; first < exist; first += at.group) {
      if (paged(at, first).load() != 0) {
        resident += at.group_bytes();
      } else if (bytes != 0 && at.offset_of(first) == offset) {
        segments_.release(offset, at.group_bytes());
      }
    }
    // A group that was to come into being.
    if (bytes != 0 && exist < at.blocks && at.offset_of(exist) == offset) {
      segments_.release(offset, at.group_bytes());
    }
  }
  control().resident.store(resident);
  end_step();
}

void SharedPool::begin_step(const ClassPlan& at, std::uint32_t first) noexcept {
  control().step_offset.store(at.offset_of(first));
  control().step_bytes.store(at.group_bytes());
  shared_step("page.noted");
}

void SharedPool::end_step() noexcept { control().step_bytes.store(0); }

SharedPool::Taken SharedPool::take_locked(std::uint32_t size_class, std::uint32_t* block) noexcept {
  const ClassPlan& at = plan(size_class);
  for (;;) {
    if (take_warm(size_class, block)) return Taken::yes;
    std::uint32_t first = 0;
    if (!find_group(size_class, &first)) return Taken::full;
    const Taken paged_in =
        make_room(at.group_bytes(), size_class) ? give_pages(size_class, first) : Taken::full;
    if (paged_in != Taken::yes) {
      if (first < carved(size_class)) offer(size_class, first);
      return paged_in;
    }
    // The others are offered only after one is ours: else a process that frees and takes faster
    // could leave us with none, again and again.
    std::uint32_t mine = at.group;
    for (std::uint32_t i = 0; i < at.group; ++i) {
      if (mine == at.group && segments_.header(at, first + i).holders.try_claim(me_)) {
        mine = i;
      } else {
        offer(size_class, first + i);
      }
    }
    if (mine == at.group) continue;
    *block = first + mine;
    return Taken::yes;
  }
}

// One that lost its pages, or a new one.
bool SharedPool::find_group(std::uint32_t size_class, std::uint32_t* first) noexcept {
  const ClassPlan& at = plan(size_class);
  const std::uint32_t exist = carved(size_class);
  for (std::uint32_t word = 0; word * kPerWord < exist; ++word) {
    HintWord<>& hints = segments_.cold(at, word);
    for (std::uint32_t bit = hints.take(); bit != HintWord<>::kNone; bit = hints.take()) {
      const std::uint32_t block = word * kPerWord + bit;
      if (block >= exist || paged(at, block).load() != 0) continue;
      *first = at.group_start(block);
      return true;
    }
  }
  *first = exist;
  return exist < at.blocks;
}

SharedPool::Taken SharedPool::give_pages(std::uint32_t size_class, std::uint32_t first) noexcept {
  const ClassPlan& at = plan(size_class);
  begin_step(at, first);
  const bool fresh = first >= carved(size_class);
  if ((fresh && !segments_.allocate_tables(at, first)) || !segments_.allocate_group(at, first)) {
    segments_.release(at.offset_of(first), at.group_bytes());
    end_step();
    return Taken::no_memory;
  }
  shared_step("page.allocated");
  if (fresh) {
    for (std::uint32_t i = 0; i < at.group; ++i) {
      BufferHeader& header = segments_.header(at, first + i).buffer;
      header.block = first + i;
      header.size_class = size_class;
    }
    // order: release, pairs with carved() acquire; publishes the headers
    control().classes[size_class].carved.store(first + at.group, std::memory_order_release);
    shared_step("page.carved");
  }
  paged(at, first).store(1);
  shared_step("page.marked");
  control().resident.fetch_add(at.group_bytes());
  end_step();
  return Taken::yes;
}

// The largest blocks first: the fewest system calls, and the fewest that will be missed.
bool SharedPool::make_room(std::uint64_t bytes, std::uint32_t except) noexcept {
  const std::uint64_t capacity = segments_.plan().capacity;
  const auto fits = [&] { return control().resident.load() + bytes <= capacity; };
  for (std::uint32_t i = kSizeClasses; i-- > 0 && !fits();) {
    if (i == except) continue;
    const ClassPlan& at = plan(i);
    const std::uint32_t exist = carved(i);
    for (std::uint32_t word = 0; word * kPerWord < exist && !fits(); ++word) {
      if (segments_.warm(at, word).empty()) continue;
      const std::uint32_t end = std::min(exist, (word + 1) * kPerWord);
      for (std::uint32_t first = word * kPerWord; first < end && !fits(); first += at.group) {
        evict(i, first);
      }
    }
  }
  return fits();
}

bool SharedPool::evict(std::uint32_t size_class, std::uint32_t first) noexcept {
  const ClassPlan& at = plan(size_class);
  if (paged(at, first).load() == 0) return false;
  std::uint32_t claimed = 0;
  while (claimed < at.group && segments_.header(at, first + claimed).holders.try_claim(me_)) {
    ++claimed;
  }
  shared_step("evict.claimed");
  const bool all = claimed == at.group;
  if (all) {
    begin_step(at, first);
    paged(at, first).store(0);
    control().resident.fetch_sub(at.group_bytes());
    shared_step("evict.marked");
    segments_.release(at.offset_of(first), at.group_bytes());
    shared_step("evict.released");
    end_step();
    for (std::uint32_t i = 0; i < at.group; ++i) {
      segments_.warm(at, (first + i) / kPerWord).clear((first + i) % kPerWord);
    }
  }
  while (claimed-- > 0) leave(size_class, first + claimed);
  return all;
}

std::uint64_t SharedPool::trim() noexcept {
  if (!lock_paging()) return 0;
  const std::uint64_t before = control().resident.load();
  (void)make_room(segments_.plan().capacity, kSizeClasses);
  const std::uint64_t after = control().resident.load();
  control().paging.unlock();
  return before - after;
}

}  // namespace cogway::detail
