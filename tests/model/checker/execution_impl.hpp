// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bodies of Execution. Included by execution.hpp only.

#include "checker/execution.hpp"

namespace cogway::model {

// ---- scheduling ----

inline void Execution::start(std::size_t index) {
  Fibre& fibre = *threads_[index];
  fibre.view = threads_[0]->view;
  fibre.stack = std::make_unique_for_overwrite<char[]>(kStack);
  getcontext(&fibre.context);
  fibre.context.uc_stack.ss_sp = fibre.stack.get();
  fibre.context.uc_stack.ss_size = kStack;
  fibre.context.uc_link = nullptr;
  const auto packed = reinterpret_cast<std::uintptr_t>(&fibre);
  makecontext(&fibre.context, reinterpret_cast<void (*)()>(&Execution::enter), 2,
              static_cast<unsigned>(packed >> 32), static_cast<unsigned>(packed));
}

inline void Execution::enter(unsigned high, unsigned low) {
  const std::uintptr_t packed = (static_cast<std::uintptr_t>(high) << 32) | low;
  auto* fibre = reinterpret_cast<Fibre*>(packed);
  fibre->body();
  if (!fibre->buffer.empty()) current_->go_on();  // others may run before the last stores arrive
  current_->drain(*fibre);
  fibre->state = State::done;
  current_->go_on();
}

/// Before every visible step of a fibre: who goes next?
inline void Execution::point() {
  if (running_ == 0) return;
  if (++steps_ > options_.steps)
    fail("livelock: no end after " + std::to_string(steps_) + " steps");
  if (!self().buffer.empty() && choices_.pick(2) == 0) drain(self());
  go_on();
}

/// Picks the next thread, the running one first if it may go on, and switches to it.
inline void Execution::go_on() {
  std::array<int, kMostThreads> list{};
  std::size_t count = 0;
  const bool may_stay = running_ != 0 && self().state == State::ready;
  if (may_stay) list[count++] = running_;
  const bool may_leave = !may_stay || !choices_.bounded() || preemptions_ < options_.preemptions;
  int longest = 0;  // among those who yielded: they come when nobody else can, one after the other
  for (int i = 1; i < static_cast<int>(threads_.size()); ++i) {
    const Fibre& other = *threads_[static_cast<std::size_t>(i)];
    if (other.state == State::ready && i != running_ && may_leave) list[count++] = i;
    if (other.state == State::yielded &&
        (longest == 0 ||
         other.yielded_at < threads_[static_cast<std::size_t>(longest)]->yielded_at)) {
      longest = i;
    }
  }
  if (count == 0 && longest != 0) list[count++] = longest;
  if (count == 0 || (may_leave && troubles_ < options_.troubles)) {
    // A time-out may come at any time, and comes for certain when nothing else happens.
    for (int i = 1; i < static_cast<int>(threads_.size()); ++i) {
      const Fibre& other = *threads_[static_cast<std::size_t>(i)];
      if (other.state == State::blocked && other.timed) list[count++] = i;
    }
  }
  if (count == 0) stuck();
  const std::uint32_t chosen = choices_.pick_thread({list.data(), count}, steps_, running_);
  const int next = list[chosen];
  if (may_stay && next != running_) ++preemptions_;
  Fibre& fibre = *threads_[static_cast<std::size_t>(next)];
  if (fibre.state == State::blocked) {
    if (count > 1) ++troubles_;
    fibre.outcome = Park::timed_out;
  }
  fibre.state = State::ready;
  switch_to(next);
}

inline void Execution::switch_to(int next) {
  if (next == running_) return;
  ucontext_t* from = running_ == 0 ? &main_context_ : &self().context;
  running_ = next;
  swapcontext(from, &self().context);
}

/// Nobody can go on: either everybody is done, or those who are not wait for each other.
inline void Execution::stuck() {
  std::string waiting;
  for (const auto& thread : threads_) {
    if (thread->state == State::done) continue;
    waiting += "\n  " + thread->name + " sleeps on word #" + std::to_string(thread->blocked_on) +
               " = " + std::to_string(locations_[thread->blocked_on].history.back().value);
  }
  if (!waiting.empty()) failure_ = "deadlock:" + waiting;
  running_ = 0;
  for (;;) setcontext(&main_context_);
}

/// The running thread goes on only when others have stored something, or can do nothing either.
inline void Execution::yield() {
  if (running_ == 0) return;
  if (++steps_ > options_.steps)
    fail("livelock: no end after " + std::to_string(steps_) + " steps");
  drain(self());
  self().state = State::yielded;
  self().yielded_at = steps_;
  choices_.demote(running_);
  go_on();
}

inline Execution::Park Execution::park(std::size_t location, std::uint64_t expected, bool timed) {
  point();
  drain(self());
  if (locations_[location].history.back().value != expected) return Park::changed;
  if (trouble()) return Park::woken;
  note("sleep on", std::memory_order_relaxed, location, expected, std::source_location::current());
  Fibre& fibre = self();
  fibre.state = State::blocked;
  fibre.blocked_on = location;
  fibre.timed = timed;
  fibre.outcome = Park::woken;
  ++steps_;
  go_on();
  return fibre.outcome;
}

inline void Execution::unpark(std::size_t location, int count) {
  point();
  drain(self());
  for (auto& thread : threads_) {
    if (count == 0) return;
    if (thread->state != State::blocked || thread->blocked_on != location) continue;
    thread->state = State::ready;
    --count;
  }
}

// ---- memory ----

inline std::memory_order Execution::asked(Access access, std::memory_order order,
                                          const std::source_location& where) {
  Site site{where.file_name(), where.line(), where.column(), access, order};
  const bool weakened = options_.weakening && options_.weakening->site == site;
  if (order != std::memory_order_relaxed) sites_.insert(std::move(site));
  return weakened ? options_.weakening->order : order;
}

inline Store Execution::stored(std::uint64_t value, std::memory_order order) {
  Store store{value, std::nullopt};
  if (releases(order)) store.message = self().view;
  return store;
}

/// A store reaches memory: who yielded because nothing changed may look again.
inline void Execution::commit(std::size_t location, Store store) {
  locations_[location].append(std::move(store));
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    if (threads_[i]->state == State::yielded) threads_[i]->state = State::ready;
  }
}

inline void Execution::drain(Fibre& fibre) {
  for (; !fibre.buffer.empty(); fibre.buffer.pop_front()) {
    commit(fibre.buffer.front().location, std::move(fibre.buffer.front().store));
  }
}

/// The running thread has read store `index`.
inline void Execution::see(std::size_t location, std::uint32_t index, std::memory_order order) {
  Location& memory = locations_[location];
  View& view = self().view;
  view.floor(location) = std::max(view.floor(location), index);
  const Store& store = memory.at(index);
  if (acquires(order) && store.message) view.join(*store.message);
  if (order == std::memory_order_seq_cst) memory.sc_floor = std::max(memory.sc_floor, index);
}

inline std::uint64_t Execution::load(std::size_t location, std::memory_order order,
                                     const std::source_location& where) {
  const std::memory_order effective = asked(Access::load, order, where);
  point();
  Location& memory = locations_[location];
  for (auto own = self().buffer.rbegin(); own != self().buffer.rend(); ++own) {
    if (own->location == location) return own->store.value;
  }
  std::uint32_t index = memory.newest();
  if (options_.memory == Memory::views && running_ != 0 && delays_ < options_.delays) {
    std::uint32_t oldest = std::max(self().view.floor(location), memory.dropped);
    if (effective == std::memory_order_seq_cst) oldest = std::max(oldest, memory.sc_floor);
    const std::uint32_t back = choices_.pick(index - oldest + 1);
    if (back > 0) ++delays_;
    index -= back;
  }
  see(location, index, effective);
  const std::uint64_t value = memory.at(index).value;
  note(index == memory.newest() ? "load" : "load (stale)", effective, location, value, where);
  return value;
}

inline void Execution::store(std::size_t location, std::uint64_t value, std::memory_order order,
                             const std::source_location& where) {
  const std::memory_order effective = asked(Access::store, order, where);
  point();
  Fibre& fibre = self();
  ++fibre.view.clock[static_cast<std::size_t>(running_)];
  note("store", effective, location, value, where);
  if (options_.memory == Memory::store_buffer && running_ != 0) {
    fibre.buffer.push_back({location, stored(value, effective)});
    const bool lingers = effective != std::memory_order_seq_cst && delays_ < options_.delays &&
                         choices_.pick(2) == 1;
    if (!lingers) {
      drain(fibre);
    } else {
      ++delays_;
    }
    return;
  }
  Location& memory = locations_[location];
  fibre.view.floor(location) = memory.newest() + 1;
  commit(location, stored(value, effective));
  if (effective == std::memory_order_seq_cst) memory.sc_floor = memory.newest();
}

/// The writing half of a read-modify-write; the newest store has been seen.
inline void Execution::replace(std::size_t location, std::uint64_t value, std::memory_order order) {
  Location& memory = locations_[location];
  View& view = self().view;
  ++view.clock[static_cast<std::size_t>(running_)];
  view.floor(location) = memory.newest() + 1;
  const std::optional<View>& before = memory.history.back().message;
  Store next = stored(value, order);
  if (before) {  // an update continues the release sequences it is in
    if (next.message) {
      next.message->join(*before);
    } else {
      next.message = before;
    }
  }
  commit(location, std::move(next));
  if (order == std::memory_order_seq_cst) memory.sc_floor = memory.newest();
}

template <typename Change>
std::uint64_t Execution::update(std::size_t location, std::memory_order order, Change change,
                                const std::source_location& where) {
  const std::memory_order effective = asked(Access::update, order, where);
  point();
  drain(self());
  Location& memory = locations_[location];
  see(location, memory.newest(), effective);
  const std::uint64_t old = memory.history.back().value;
  const std::uint64_t value = change(old);
  note("update", effective, location, value, where);
  replace(location, value, effective);
  return old;
}

inline bool Execution::compare_exchange(std::size_t location, std::uint64_t& expected,
                                        std::uint64_t desired, std::memory_order success,
                                        std::optional<std::memory_order> failure, bool weak,
                                        const std::source_location& where) {
  const std::memory_order winning = asked(Access::update, success, where);
  std::memory_order failing = std::memory_order_relaxed;
  if (failure) {
    failing = asked(Access::failed_exchange, *failure, where);
  } else if (winning == std::memory_order_seq_cst) {
    failing = winning;
  } else if (acquires(winning)) {
    failing = std::memory_order_acquire;
  }
  point();
  drain(self());
  Location& memory = locations_[location];
  const std::uint64_t value = memory.history.back().value;
  const bool fails = value != expected || (weak && trouble());
  see(location, memory.newest(), fails ? failing : winning);
  note(fails ? "exchange fails" : "exchange", fails ? failing : winning, location,
       fails ? value : desired, where);
  if (!fails) replace(location, desired, winning);
  expected = value;
  return !fails;
}

inline void Execution::plain_read(const void* address) {
  if (over_) return;
  PlainState& state = plain_[address];
  const View& view = self().view;
  const auto me = static_cast<std::size_t>(running_);
  if (state.writer >= 0 && state.writer != running_ &&
      view.clock[static_cast<std::size_t>(state.writer)] < state.written_at) {
    fail("data race: " + self().name + " reads what " +
         threads_[static_cast<std::size_t>(state.writer)]->name + " wrote without happens-before");
  }
  state.read_at[me] = view.clock[me] + 1;
}

inline void Execution::plain_write(const void* address) {
  if (over_) return;
  PlainState& state = plain_[address];
  const View& view = self().view;
  const auto me = static_cast<std::size_t>(running_);
  for (std::size_t other = 0; other < threads_.size(); ++other) {
    if (other == me) continue;
    const bool wrote =
        state.writer == static_cast<int>(other) && view.clock[other] < state.written_at;
    if (wrote || view.clock[other] < state.read_at[other]) {
      fail("data race: " + self().name + " writes what " + threads_[other]->name +
           (wrote ? " wrote" : " reads") + " without happens-before");
    }
  }
  state.writer = running_;
  state.written_at = view.clock[me] + 1;
  state.read_at = {};
}

inline std::string Execution::trace() const {
  std::string text;
  for (const Event& event : events_) {
    const char* slash = std::strrchr(event.file, '/');
    char line[256];
    std::snprintf(line, sizeof(line), "  %-12s %-16s #%-3zu %-8s = %#llx  %s:%u\n",
                  threads_[static_cast<std::size_t>(event.thread)]->name.c_str(), event.what,
                  event.location, order_name(event.order),
                  static_cast<unsigned long long>(event.value), slash ? slash + 1 : event.file,
                  event.line);
    text += line;
  }
  return text;
}

}  // namespace cogway::model
