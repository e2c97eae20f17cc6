// SPDX-License-Identifier: Apache-2.0
#pragma once
// The control file of a shared bus, as processes see it: preamble, channels, words, participants,
// one entry per size class; hints and headers follow where SharedPlan says.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/os/memory_file.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer_header.hpp"
#include "cogway/bus/carried_count.hpp"
#include "cogway/bus/hint_word.hpp"
#include "cogway/bus/holder_word.hpp"
#include "cogway/bus/member_word.hpp"
#include "cogway/bus/size_class.hpp"
#include "cogway/sync/robust_mutex.hpp"

namespace cogway::detail {

struct SharedPlan;

inline constexpr std::uint32_t kSharedParticipants = HolderWord<>::kParticipants;
/// Bytes of the control file whose locks mean something: one for each participant, and this one for
/// whoever replaces or unlinks a bus.
inline constexpr std::uint64_t kReplacingByte = kSharedParticipants;

/// Written once, before the file has a name or another holder. Opened with suspicion.
struct Preamble {
  std::uint64_t magic = 0;
  std::uint32_t layout = 0;  ///< version of everything in this header
  std::uint32_t page_size = 0;
  std::uint64_t fingerprint = 0;  ///< of structures, dtypes and the C library's mutex
  std::uint64_t namespace_device = 0;
  std::uint64_t namespace_inode = 0;
  std::uint64_t id[2] = {};  ///< of this bus
  std::uint64_t capacity = 0;
  std::uint64_t data_device = 0;
  std::uint64_t data_inode = 0;
  std::uint64_t checksum = 0;  ///< of all above

  /// The preamble of a new bus; throws std::system_error.
  [[nodiscard]] static Preamble make(const SharedPlan& plan, const os::FileFacts& data);
  /// Writes the checksum.
  void seal() noexcept;
  /// Why this process cannot take part, naming `what`: invalid_argument (no bus), unimplemented
  /// (another version or build), failed_precondition (another namespace of processes).
  Status check(const std::string& what) const;
};

/// One process. Written by it before it becomes a member, and by nobody while it is one.
struct alignas(kCacheLine) SharedParticipant {
  std::atomic<std::uint32_t> pid{0};
  std::atomic<std::uint32_t> swept_by{0};     ///< 1 + the participant that reclaims it; 0: none
  std::atomic<std::uint64_t> incarnation{0};  ///< +1 for each process that was this participant
  std::array<std::atomic<char>, 16> name{};   ///< of the process, ends with a 0
  std::atomic<std::uint32_t> passing{0};      ///< its threads that put or take a carried buffer
  std::atomic<std::uint32_t> line{0};         ///< 1 + the descriptor of its pipe's end; 0: none
  std::atomic<std::uint64_t> line_inode{0};   ///< of that pipe; written before `line`
};

/// One size class.
struct alignas(kCacheLine) SharedClass {
  std::atomic<std::uint32_t> carved{0};  ///< blocks that exist; grows under the mutex
  std::atomic<std::uint64_t> leases{0};
};

/// The name of a channel, and the block that its ring is in. Written under `directory`, but that
/// the dead are taken out of `openers` by whoever reclaims them, under it as well.
struct alignas(kCacheLine) SharedEntry {
  std::atomic<std::uint32_t> ready{0};  ///< 1: the rest is right
  std::atomic<std::uint32_t> size_class{0};
  std::atomic<std::uint32_t> block{0};
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint64_t> openers{0};  ///< participants that have it open
  std::array<std::atomic<char>, 64> name{};
};
inline constexpr std::uint32_t kSharedChannels = 64;

/// A named word: an atomic number, or a lock. Made and removed under `naming`.
struct alignas(kCacheLine) SharedWordEntry {
  std::atomic<std::uint32_t> ready{0};    ///< 1: the rest is right
  std::atomic<std::uint32_t> kind{0};     ///< SharedWordKind
  std::atomic<std::uint64_t> openers{0};  ///< participants that have it open; own bit by each
  std::array<std::atomic<char>, 64> name{};
  alignas(kCacheLine) std::atomic<std::uint64_t> value{0};    ///< by all, and not by us alone
  alignas(kCacheLine) std::atomic<std::uint64_t> waiters{0};  ///< participants with a waiter
  std::atomic<std::uint64_t> holder{0};  ///< 1 + participant, and its thread; by who has the lock
  std::atomic<std::uint32_t> turn{0};    ///< futex word; +1 when they should look
  std::atomic<std::uint32_t> inconsistent{0};  ///< 1: an owner died, and nobody has repaired since
  std::atomic<std::uint32_t> abandoned{0};     ///< owners that died, so far
  std::atomic<std::uint64_t> waits{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> notifications{0};
  alignas(kCacheLine) RobustMutex mutex;  ///< of a lock
};
inline constexpr std::uint32_t kSharedWords = 128;
inline constexpr std::uint32_t kHolderShift = 56;  ///< of the participant in `holder`

/// **Threads**: as each part says. **Ownership**: of all participants together.
/// **Progress**, **Order**: as each part says.
struct SharedControl {
  Preamble preamble;
  alignas(kCacheLine) MemberWord<> members;
  alignas(kCacheLine) std::atomic<std::uint64_t> waiters{0};  ///< participants that wait for room
  std::atomic<std::uint32_t> freed{0};        ///< futex word; +1 when they should look
  alignas(kCacheLine) RobustMutex paging;     ///< who holds it gives and takes pages
  std::atomic<std::uint64_t> resident{0};     ///< bytes with pages; written under `paging`
  std::atomic<std::uint64_t> step_offset{0};  ///< under `paging`: pages that are being given or
  std::atomic<std::uint64_t> step_bytes{0};   ///< taken right now; 0 bytes: none
  std::atomic<std::uint64_t> reclaimed_buffers{0};  ///< of dead participants, so far
  std::atomic<std::uint64_t> deaths{0};
  alignas(kCacheLine) RobustMutex directory;  ///< who holds it opens, makes and removes channels
  std::atomic<std::uint32_t> audits{0};       ///< +1 for each death; 0: nothing is to be counted
  std::array<SharedEntry, kSharedChannels> channels;
  alignas(kCacheLine) RobustMutex naming;  ///< who holds it opens, makes and removes words
  std::array<SharedWordEntry, kSharedWords> words;
  std::array<SharedParticipant, kSharedParticipants> participants;
  std::array<SharedClass, kSizeClasses> classes;
};

/// One block.
struct alignas(kCacheLine) SharedHeader {
  HolderWord<> holders;
  std::atomic<std::uint64_t> paged{0};     ///< first of a group: 1: the group has pages; `paging`
  std::atomic<std::uint32_t> attaches{0};  ///< handles attached so far
  std::atomic<std::uint32_t> suspect{0};   ///< 1: a holder died, and `carried` may be wrong
  CarriedCount<> carried;                  ///< slots and entries that the block is in
  BufferHeader buffer;                     ///< by the lessee, until frozen
};
/// The generation of the life that begins with this claim: grows, and agrees with the holder word,
/// which counts claims that became no lease, too.
[[nodiscard]] inline std::uint32_t next_generation(const SharedHeader& shared) noexcept {
  // order: relaxed, the block is the caller's alone
  const std::uint32_t last = shared.buffer.generation.load(std::memory_order_relaxed);
  std::uint32_t next = (last & ~HolderWord<>::kGenerationMask) | shared.holders.generation();
  if (next <= last) next += HolderWord<>::kGenerationMask + 1;
  return next;
}
static_assert(sizeof(SharedHeader) == 4 * kCacheLine, "headers are laid out for other processes");

}  // namespace cogway::detail
