// SPDX-License-Identifier: Apache-2.0
#pragma once
// Buffers that are on their way in channels: which blocks the slots hold, and how that is put right
// after a death. The rule: add() before a handle is in a slot, touch() before it is taken out,
// remove() after that, all by a process that holds the block itself, within one Passage.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "bus/channel_memory.hpp"
#include "bus/shared_pool.hpp"
#include "bus/shared_records.hpp"
#include "bus/shared_segments.hpp"
#include "cogway/base/clock.hpp"

namespace cogway::detail {

/// **Threads**: any. **Ownership**: borrows all it is made of.
/// **Progress**: lock-free among processes (inside one, a striped mutex), but for settle().
/// **Order**: as CarriedCount.
class SharedCarriage {
 public:
  SharedCarriage(SharedSegments& segments, SharedPool& pool, SharedRecords& records,
                 std::uint32_t participant) noexcept
      : segments_(segments), pool_(pool), records_(records), me_(participant) {}

  /// While it lives, a thread of this process is between the first and the last step of putting or
  /// taking a carried buffer, which those who count must let pass.
  class Passage {
   public:
    explicit Passage(const SharedCarriage& carriage) noexcept
        : passing_(carriage.segments_.control().participants[carriage.me_].passing) {
      passing_.fetch_add(1);
    }
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;
    ~Passage() { passing_.fetch_sub(1); }

   private:
    std::atomic<std::uint32_t>& passing_;
  };

  /// Whether there is such a block.
  [[nodiscard]] bool known(BufferId id) const noexcept {
    return id.size_class < kSizeClasses && id.block < pool_.carved(id.size_class);
  }
  // Of a block that is known.
  void add(BufferId id) noexcept;
  void touch(BufferId id) noexcept { header(id).carried.touch(); }
  void remove(BufferId id) noexcept;

  /// Takes a message out of its slot, and lets go of what it carried. False: somebody was faster.
  bool discard(ChannelRing<>& ring, const ChannelRing<>::Place& place) noexcept;
  /// Makes this process a holder of the block while `then` runs. False: nobody held it, or it is in
  /// another generation; `then` did not run.
  template <typename Then>
  bool holding(BufferId id, Then&& then) noexcept {
    const ClassPlan& at = segments_.plan().classes[id.size_class];
    SharedHeader& shared = header(id);
    BufferRecord* record = records_.at(at.first + id.block);
    if (record == nullptr) return false;
    const std::lock_guard lock(records_.lock_of(record));
    const bool mine = record->joined;
    if (!mine && !shared.holders.try_join(me_, id.generation)) return false;
    // order: relaxed, constant while the block is held
    const bool same = shared.buffer.generation.load(std::memory_order_relaxed) == id.generation;
    if (same) then();
    if (!mine) pool_.leave(id.size_class, id.block);
    return same;
  }

  /// How many slots and entries each block is in, by its number among all.
  using Census = std::unordered_map<std::uint64_t, std::uint32_t>;
  void count(ChannelRing<>& ring, std::uint32_t slots, Census& census) const;
  void count(BufferId id, Census& census) const;
  /// Puts the counts right that dead holders may have left wrong; `take_census(Census&)` counts
  /// all, which nobody makes or removes meanwhile. False: others were at work, or stopped.
  template <typename Take>
  bool settle(Take&& take_census) {
    const auto suspects = find_suspects();
    if (suspects.empty()) return true;
    if (!passed()) return false;
    Census census;
    take_census(census);
    return settle_all(suspects, census);
  }

 private:
  struct Suspect {
    BufferId id;
    CarriedCount<>::Snapshot seen = 0;
  };
  [[nodiscard]] std::vector<Suspect> find_suspects() const;
  [[nodiscard]] bool passed() const noexcept;
  bool settle_all(const std::vector<Suspect>& suspects, const Census& census) noexcept;
  [[nodiscard]] SharedHeader& header(BufferId id) const noexcept {
    return segments_.header(segments_.plan().classes[id.size_class], id.block);
  }

  SharedSegments& segments_;
  SharedPool& pool_;
  SharedRecords& records_;
  const std::uint32_t me_;
};

}  // namespace cogway::detail
