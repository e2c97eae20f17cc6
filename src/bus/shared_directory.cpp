// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_directory.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <new>

#include "bus/shared_step.hpp"
#include "cogway/base/os/futex.hpp"

namespace cogway::detail {
namespace {

constexpr Nanoseconds kDirectoryPatience = std::chrono::seconds(1);
constexpr Nanoseconds kBuryPatience = std::chrono::milliseconds(100);

class DirectoryLock {
 public:
  DirectoryLock(SharedControl& control, Nanoseconds patience) noexcept
      : mutex_(control.directory),
        // Abandoned: an entry is ready or it is not, and blocks are counted after each death.
        taken_(RobustMutex::holds(mutex_.lock_until(deadline_after(monotonic_now(), patience)))) {
    if (taken_) shared_step("directory.locked");
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() {
    if (taken_) mutex_.unlock();
  }
  [[nodiscard]] bool taken() const noexcept { return taken_; }

 private:
  RobustMutex& mutex_;
  const bool taken_;
};

std::string name_of(const SharedEntry& entry) {
  std::string name;
  for (const std::atomic<char>& letter : entry.name) {
    if (letter.load() == '\0') break;
    name += letter.load();
  }
  return name;
}

BufferId block_of(const SharedEntry& entry) noexcept {
  return {entry.size_class.load(), entry.block.load(), entry.generation.load()};
}

// Nothing that the entry or the block says is believed before it fits together.
bool map_entry(const SharedSegments& segments, const SharedEntry& entry, OpenChannel* out) {
  const BufferId id = block_of(entry);
  if (entry.ready.load() == 0 || id.size_class >= kSizeClasses) return false;
  const ClassPlan& at = segments.plan().classes[id.size_class];
  if (id.block >= at.blocks) return false;
  // order: acquire, pairs with SharedPool's release; publishes the headers
  if (id.block >=
      segments.control().classes[id.size_class].carved.load(std::memory_order_acquire)) {
    return false;
  }
  const SharedHeader& shared = segments.header(at, id.block);
  // order: relaxed, constant while the entry holds the block
  const std::uint32_t generation = shared.buffer.generation.load(std::memory_order_relaxed);
  if (!shared.holders.carried() || generation != id.generation) return false;
  if (at.block_bytes < kSlotsOffset) return false;
  std::byte* memory = segments.writable(at.offset_of(id.block));
  out->header = reinterpret_cast<ChannelHeader*>(memory);
  out->slots = memory + kSlotsOffset;
  std::memcpy(&out->config, &out->header->config, sizeof(ChannelConfig));
  return out->config.whole() && out->config.total_bytes() <= at.block_bytes;
}

Status check_agreement(const std::string& name, const ChannelOptions& asked,
                       const ChannelConfig& found) {
  const auto differs = [&](const char* what) {
    return Status{StatusCode::invalid_argument, "channel '" + name + "' is there with another " +
                                                    what +
                                                    ": leave it out, or choose another name"};
  };
  if (asked.capacity.value_or(found.capacity) != found.capacity) return differs("capacity");
  if (asked.bytes.value_or(found.bytes) != found.bytes) return differs("limit of bytes");
  if (asked.message_bytes.value_or(found.message_bytes) != found.message_bytes) {
    return differs("size of messages");
  }
  if (asked.policy && static_cast<std::uint32_t>(*asked.policy) != found.policy) {
    return differs("policy");
  }
  if (asked.kind && static_cast<std::uint32_t>(*asked.kind) != found.kind) return differs("kind");
  return {};
}

}  // namespace

namespace {
bool call_one(ChannelBell<>& bell, LoopCaller& caller) noexcept {
  for (std::uint32_t who = bell.pick_loop(); who != ChannelBell<>::kNobody;
       who = bell.pick_loop()) {
    if (caller.call(who)) return true;
  }
  return false;
}
}  // namespace

void wake_one(ChannelBell<>& bell, LoopCaller& caller) noexcept {
  if (bell.loops() != 0 && (bell.loops_first() || bell.waiters() == 0) && call_one(bell, caller)) {
    return;
  }
  for (std::uint32_t who = bell.pick(); who != ChannelBell<>::kNobody; who = bell.pick()) {
    // All threads of that process: its bit stood for every one of them.
    if (os::futex_wake(bell.word(), std::numeric_limits<int>::max(), os::FutexScope::shared,
                       1U << (who % 32)) > 0) {
      return;
    }
  }
  (void)call_one(bell, caller);
}

void wake_all(ChannelBell<>& bell, LoopCaller& caller) noexcept {
  while (bell.pick() != ChannelBell<>::kNobody) {
  }
  while (call_one(bell, caller)) {
  }
  os::futex_wake(bell.word(), std::numeric_limits<int>::max(), os::FutexScope::shared);
}

void sleep_at(const ChannelBell<>& bell, std::uint32_t turn, std::uint32_t me,
              TimePoint deadline) noexcept {
  os::futex_wait(bell.word(), turn, deadline, os::FutexScope::shared, 1U << (me % 32));
}

// ---- opening ------------------------------------------------------------------------------------

Status SharedDirectory::acquire(const std::string& name, const ChannelOptions& options,
                                OpenChannel* out) {
  const std::lock_guard own(mutex_);
  const DirectoryLock lock(segments_.control(), kDirectoryPatience);
  if (!lock.taken()) {
    return {StatusCode::unavailable,
            "a stopped process keeps others from opening channels: continue or kill it"};
  }
  if (Status status = find_or_make(name, options, out); !status.ok()) return status;
  ++open_[out->entry];
  segments_.control().channels[out->entry].openers.fetch_or(std::uint64_t{1} << me_);
  shared_step("directory.opened");
  return {};
}

Status SharedDirectory::find_or_make(const std::string& name, const ChannelOptions& options,
                                     OpenChannel* out) {
  auto& entries = segments_.control().channels;
  SharedEntry* unused = nullptr;
  for (std::uint32_t i = 0; i < kSharedChannels; ++i) {
    SharedEntry& entry = entries[i];
    if (entry.ready.load() != 0 && !map_entry(segments_, entry, out)) {
      if (name_of(entry) != name) continue;
      return {StatusCode::data_loss,
              "channel '" + name + "' is damaged: a process wrote where it may not"};
    }
    if (entry.ready.load() != 0 && name_of(entry) == name) {
      out->entry = i;
      return check_agreement(name, options, out->config);
    }
    if (entry.ready.load() == 0 && unused == nullptr) {
      unused = &entry;
      out->entry = i;
    }
  }
  if (unused == nullptr) {
    return {StatusCode::resource_exhausted,
            "the bus has its " + std::to_string(kSharedChannels) + " channels"};
  }
  out->entry = static_cast<std::uint32_t>(unused - entries.data());
  return make(name, options, *unused, out);
}

Status SharedDirectory::make(const std::string& name, const ChannelOptions& options,
                             SharedEntry& entry, OpenChannel* out) {
  if (Status status = ChannelConfig::make(options, &out->config); !status.ok()) return status;
  const std::uint32_t size_class = segments_.plan().class_for(out->config.total_bytes());
  std::uint32_t block = 0;
  if (size_class == kSizeClasses || pool_.take(size_class, &block) != SharedPool::Taken::yes) {
    return {StatusCode::resource_exhausted, "no room for the " +
                                                std::to_string(out->config.total_bytes()) +
                                                " bytes of channel '" + name + "' on the bus"};
  }
  shared_step("directory.taken");
  const ClassPlan& at = segments_.plan().classes[size_class];
  SharedHeader& shared = segments_.header(at, block);
  // order: relaxed, the block is this process's alone; the mutex publishes it
  const std::uint32_t generation = next_generation(shared);
  shared.buffer.generation.store(generation,
                                 std::memory_order_relaxed);  // order: relaxed, as above
  shared.buffer.state.begin_lease();
  std::byte* memory = segments_.writable(at.offset_of(block));
  std::memset(memory, 0, out->config.total_bytes());
  out->header = new (memory) ChannelHeader;
  out->header->config = out->config;
  out->slots = memory + kSlotsOffset;
  {
    const SharedCarriage::Passage passage(carriage_);
    carriage_.add({size_class, block, generation});
    entry.size_class.store(size_class);
    entry.block.store(block);
    entry.generation.store(generation);
    entry.openers.store(0);
    for (std::size_t i = 0; i < entry.name.size(); ++i) {
      entry.name[i].store(i < name.size() ? name[i] : '\0');
    }
    shared_step("directory.written");
    entry.ready.store(1);
    shared_step("directory.ready");
  }
  pool_.leave(size_class, block);
  return {};
}

// ---- letting go ---------------------------------------------------------------------------------

void SharedDirectory::release(const OpenChannel& channel) noexcept {
  const std::lock_guard own(mutex_);
  const auto found = open_.find(channel.entry);
  if (found == open_.end() || --found->second != 0) return;
  open_.erase(found);
  std::uint32_t alone = me_ + 1;
  channel.header->sending.alone.compare_exchange_strong(alone, 0);
  alone = me_ + 1;
  channel.header->receiving.alone.compare_exchange_strong(alone, 0);
  const DirectoryLock lock(segments_.control(), kDirectoryPatience);
  SharedEntry& entry = segments_.control().channels[channel.entry];
  entry.openers.fetch_and(~(std::uint64_t{1} << me_));
  shared_step("directory.left");
  if (lock.taken()) remove_if_idle(entry);
}

// Under the mutex. What is in it waits for whoever comes for it, closed or not.
void SharedDirectory::remove_if_idle(SharedEntry& entry) noexcept {
  OpenChannel channel;
  if (entry.openers.load() != 0 || !map_entry(segments_, entry, &channel)) return;
  ChannelRing<> ring = channel.ring();
  ChannelRing<>::Place place;
  using Step = ChannelRing<>::Step;
  if (ring.peek(&place) == Step::yes) return;
  const BufferId id = block_of(entry);
  const SharedCarriage::Passage passage(carriage_);
  carriage_.touch(id);
  (void)carriage_.holding(id, [&] {
    entry.ready.store(0);
    shared_step("directory.removed");
    carriage_.remove(id);
  });
}

void SharedDirectory::tidy() noexcept {
  SharedControl& control = segments_.control();
  const std::uint32_t due = control.audits.load();
  if (due == 0) return;
  const DirectoryLock lock(control, kBuryPatience);
  if (!lock.taken()) return;
  for (SharedEntry& entry : control.channels) {
    if (entry.ready.load() != 0) remove_if_idle(entry);
  }
  const bool settled = carriage_.settle([&](SharedCarriage::Census& census) {
    for (const SharedEntry& entry : control.channels) {
      OpenChannel channel;
      if (!map_entry(segments_, entry, &channel)) continue;
      carriage_.count(block_of(entry), census);
      ChannelRing<> ring = channel.ring();
      carriage_.count(ring, channel.config.slots(), census);
    }
  });
  std::uint32_t done = due;
  if (settled) control.audits.compare_exchange_strong(done, 0);
}

bool SharedDirectory::bury(SharedSegments& segments, std::uint32_t dead) noexcept {
  SharedControl& control = segments.control();
  const DirectoryLock lock(control, kBuryPatience);
  if (!lock.taken()) return false;
  for (SharedEntry& entry : control.channels) {
    OpenChannel channel;
    if (!map_entry(segments, entry, &channel)) continue;
    // Members are those that live, and dead ones whose turn comes; others never were.
    const std::uint64_t members = control.members.members() & ~(std::uint64_t{1} << dead);
    const std::uint32_t found = channel.ring().abandon(
        [&](std::uint32_t who) { return who == dead || (members >> who & 1) == 0; });
    channel.header->abandoned.fetch_add(found);
    for (ChannelSide* side : {&channel.header->sending, &channel.header->receiving}) {
      std::uint32_t alone = dead + 1;
      side->alone.compare_exchange_strong(alone, 0);
    }
    entry.openers.fetch_and(~(std::uint64_t{1} << dead));
    // Whoever it was going to wake, or stood in the way of.
    wake_all(channel.header->readable, segments.caller());
    wake_all(channel.header->writable, segments.caller());
    shared_step("bury.channel");
  }
  control.audits.fetch_add(1);
  return true;
}

std::vector<SharedChannelReport> SharedDirectory::report(const SharedSegments& segments) {
  static constexpr const char* kPolicies[] = {"block", "drop_oldest", "drop_newest", "fail"};
  static constexpr const char* kKinds[] = {"mpmc", "spsc"};
  std::vector<SharedChannelReport> reports;
  for (const SharedEntry& entry : segments.control().channels) {
    OpenChannel channel;
    if (!map_entry(segments, entry, &channel)) continue;
    ChannelRing<> ring = channel.ring();
    SharedChannelReport one;
    one.name = name_of(entry);
    one.capacity = channel.config.capacity;
    one.policy = kPolicies[channel.config.policy];
    one.kind = kKinds[channel.config.kind];
    one.messages = ring.size();
    one.closed = ring.closed();
    for (std::uint32_t i = 0; i < channel.config.slots(); ++i) {
      ChannelRing<>::Place place;
      if (ring.look(i, &place)) one.bytes += weight_of(place.size()) * kWeightUnit;
    }
    const std::uint64_t openers = entry.openers.load();
    for (std::uint32_t i = 0; i < kSharedParticipants; ++i) {
      if ((openers >> i & 1) != 0) one.openers.push_back(i);
    }
    // Nobody is dead: only asked.
    (void)ring.abandon([&](std::uint32_t who) { return one.filling.push_back(who), false; });
    reports.push_back(std::move(one));
  }
  return reports;
}

std::vector<std::string> SharedDirectory::names() const {
  std::vector<std::string> names;
  for (const SharedEntry& entry : segments_.control().channels) {
    if (entry.ready.load() != 0) names.push_back(name_of(entry));
  }
  return names;
}

}  // namespace cogway::detail
