// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ring of a channel: which slot is whose. Every step is one exchange of a word that names the
// slot's lap, kind and filler, so that what a dead process leaves can be read off. For the bus
// layer.
//
//   free(lap) ──claim──▶ filling(lap, who) ──publish──▶ full(lap, size) ──take──▶ free(lap + 1)
//       │                       │ who died: abandon()                                ▲
//       │ closed, and empty     └───────────────▶ gone(lap, size) ──────skip─────────┘
//       └──▶ end(lap)

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "cogway/bus/channel_shape.hpp"
#include "cogway/bus/channel_word.hpp"

namespace cogway {

/// A view of slots that lie in shared memory; each begins with its word, the rest is the message.
///
/// What is read there is a bit pattern: indexes are within the ring, loops end, and what no correct
/// process can have written is `damaged`. A message is copied out, by relaxed atomics, before
/// take(), which fails if anybody changed the slot meanwhile.
///
/// **Threads**: any, of any process; abandon() for those that are dead. In a ring of one sender,
/// claim() to publish() by one thread at a time.
/// **Ownership**: borrows the memory. **Progress**: lock-free, but for slots being filled.
/// **Order**: publish() publishes the message to whoever peeks it; take() publishes that it was
/// read to the next claim. All steps are sequentially consistent.
/// **Linearizable?** As a FIFO queue; a slot being filled hides what comes after it.
/// **Capacity**: exactly as asked for; the slots are the next power of two.
template <template <typename> class Atom = std::atomic>
class ChannelRing {
 public:
  using Step = ChannelStep;
  using Shape = ChannelShape;
  using Place = ChannelPlace;

  ChannelRing(ChannelEnds<Atom>& ends, std::byte* slots, const Shape& shape) noexcept
      : ends_(&ends),
        slots_(slots),
        shape_(shape),
        bits_(static_cast<std::uint32_t>(std::bit_width(shape.slots) - 1)) {}

  /// Finds the slot for the next message, and makes it `who`'s own (the one sender's it is anyway).
  [[nodiscard]] Step claim(std::uint32_t who, std::uint32_t size, Place* out) noexcept {
    if (closed()) return Step::closed;
    for (std::uint32_t turn = 0; turn < kTurns; ++turn) {
      const std::uint64_t tail = ends_->tail.load();
      const Word word = read(tail);
      const std::int32_t ahead = End{tail}.laps_behind(word, bits_);
      if (ahead == 1 || (ahead == 0 && word.kind() != Kind::free && word.kind() != Kind::end)) {
        move_on(ends_->tail, tail, word.size());
      } else if (ahead == 0 && word.kind() == Kind::end) {
        return Step::closed;
      } else if (ahead == 0) {
        if (!has_room(tail, size)) return Step::full;
        const Word mine = shape_.one_sender ? word : word.as(Kind::filling, size, who);
        if (!shape_.one_sender && !change(tail, word, mine)) continue;
        *out = {tail, mine, message_at(tail)};
        if (shape_.one_sender) return Step::yes;
        step("ring.claimed");
        move_on(ends_->tail, tail, size);
        return Step::yes;
      } else {
        const End head{ends_->head.load()};  // before the tail: no later than it
        if (ends_->tail.load() != tail) continue;
        const bool full = ahead == -1 && End{tail}.messages_after(head) <= shape_.slots;
        return full ? Step::full : Step::damaged;
      }
    }
    return Step::damaged;
  }
  /// The message is there. `closed`: the channel was closed first (of one sender's ring).
  [[nodiscard]] Step publish(const Place& place, std::uint32_t size) noexcept {
    if (!change(place.end, place.word, place.word.as(Kind::full, size))) {
      return read(place.end).kind() == Kind::end ? Step::closed : Step::damaged;
    }
    step("ring.published");
    if (shape_.one_sender) move_on(ends_->tail, place.end, size);
    return Step::yes;
  }

  /// The oldest message. Copy it, then take().
  [[nodiscard]] Step peek(Place* out) noexcept {
    for (std::uint32_t turn = 0; turn < kTurns; ++turn) {
      const std::uint64_t head = ends_->head.load();
      const Word word = read(head);
      const std::int32_t ahead = End{head}.laps_behind(word, bits_);
      if (ahead == 1) {
        move_on(ends_->head, head, word.size());
      } else if (ahead != 0) {
        if (ends_->head.load() == head) return Step::damaged;
      } else if (word.kind() == Kind::full) {
        *out = {head, word, message_at(head)};
        return Step::yes;
      } else if (word.kind() == Kind::gone) {
        (void)take({head, word, nullptr});
      } else if (word.kind() == Kind::filling) {
        return Step::filling;
      } else if (word.kind() == Kind::free && !closed()) {
        return Step::empty;
      } else if (word.kind() != Kind::free && word.kind() != Kind::end) {
        return Step::damaged;
      } else if (word.kind() == Kind::end || change(head, word, word.as(Kind::end, 0))) {
        return Step::closed;
      }
    }
    return Step::damaged;
  }
  /// False: somebody else was faster.
  [[nodiscard]] bool take(const Place& place) noexcept {
    // Weighed in at the tail before it is weighed out at the head.
    if (shape_.most_weight != 0 && ends_->tail.load() == place.end) {
      move_on(ends_->tail, place.end, place.size());
    }
    if (!change(place.end, place.word, place.word.freed())) return false;
    step("ring.taken");
    move_on(ends_->head, place.end, place.size());
    return true;
  }
  [[nodiscard]] bool unchanged(const Place& place) const noexcept {
    return read(place.end).bits == place.word.bits;
  }
  void close() noexcept { ends_->closing.store(1); }
  [[nodiscard]] bool closed() const noexcept { return ends_->closing.load() != 0; }

  /// Gives up the slots that those were filling for which `dead(who)`; returns how many.
  template <typename Dead>
  std::uint32_t abandon(const Dead& dead) noexcept {
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < shape_.slots; ++i) {
      const Word word = read(i);
      if (word.kind() != Kind::filling || !dead(word.owner())) continue;
      if (change(i, word, word.as(Kind::gone, word.size()))) ++found;
    }
    return found;
  }
  /// The slot's message if it is full, as peek() has it.
  [[nodiscard]] bool look(std::uint32_t slot, Place* out) const noexcept {
    *out = {slot, read(slot), message_at(slot)};
    return out->word.kind() == Kind::full;
  }
  /// Messages inside, those being filled among them; a snapshot.
  [[nodiscard]] std::uint32_t size() const noexcept {
    const End head{ends_->head.load()};
    const std::uint32_t inside = End{ends_->tail.load()}.messages_after(head);
    return inside > shape_.slots ? 0 : inside;
  }

 private:
  using Word = detail::SlotWord;
  using End = detail::EndWord;
  using Kind = detail::SlotKind;
  static constexpr std::uint32_t kTurns = 1'000'000;  ///< more than others can keep us from one

  void step(const char* label) const noexcept {
    if (shape_.step != nullptr) shape_.step(label);
  }
  [[nodiscard]] bool has_room(std::uint64_t tail, std::uint32_t size) noexcept {
    if (shape_.most_weight == 0 && shape_.capacity == shape_.slots) return true;
    std::uint64_t head = ends_->head.load();
    const Word oldest = read(head);
    if (head != tail && End{head}.laps_behind(oldest, bits_) == 1) {
      move_on(ends_->head, head, oldest.size());
      head = ends_->head.load();
    }
    const std::uint32_t inside = End{tail}.messages_after(End{head});
    if (inside >= shape_.capacity) return false;
    return shape_.most_weight == 0 || inside == 0 ||
           End{tail}.weight_after(End{head}) + shape_.weight(size) <= shape_.most_weight;
  }
  void move_on(Atom<std::uint64_t>& end, std::uint64_t from, std::uint32_t size) noexcept {
    const std::uint64_t weight = shape_.most_weight == 0 ? 0 : shape_.weight(size);
    end.compare_exchange_strong(from, End{from}.next(weight).bits);
  }
  [[nodiscard]] Atom<std::uint64_t>& word_at(std::uint64_t end) const noexcept {
    return *reinterpret_cast<Atom<std::uint64_t>*>(slots_ +
                                                   (end & (shape_.slots - 1)) * shape_.stride);
  }
  [[nodiscard]] Word read(std::uint64_t end) const noexcept { return {word_at(end).load()}; }
  [[nodiscard]] bool change(std::uint64_t end, Word from, Word to) const noexcept {
    return word_at(end).compare_exchange_strong(from.bits, to.bits);
  }
  [[nodiscard]] std::byte* message_at(std::uint64_t end) const noexcept {
    return slots_ + (end & (shape_.slots - 1)) * shape_.stride + sizeof(Atom<std::uint64_t>);
  }

  ChannelEnds<Atom>* ends_;
  std::byte* slots_;
  Shape shape_;
  std::uint32_t bits_;  ///< of the number of slots
};

}  // namespace cogway
