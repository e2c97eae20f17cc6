// SPDX-License-Identifier: Apache-2.0
// Opening, sending and receiving; the rest is in shared_channel_state.cpp.
#include "cogway/bus/shared_channel.hpp"

#include <mutex>
#include <optional>
#include <utility>

#include "bus/channel_memory.hpp"
#include "bus/channel_wait.hpp"
#include "bus/shared_carriage.hpp"
#include "bus/shared_directory.hpp"
#include "bus/shared_members.hpp"
#include "bus/shared_segments.hpp"
#include "bus/shared_step.hpp"

namespace cogway {
namespace {

using Ring = ChannelRing<>;
using Step = Ring::Step;

bool right_name(const std::string& name) noexcept {
  if (name.empty() || name.size() > 63) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
          c == '-' || c == '.')) {
      return false;
    }
  }
  return true;
}

void count(std::atomic<std::uint64_t>& counter) noexcept {
  // order: relaxed, a statistic
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

/// What is to be sent, checked.
struct SharedChannel::Outgoing {
  std::span<const std::byte> bytes;
  BufferId id;
  std::uint32_t size = 0;  ///< as a slot's word has it
  [[nodiscard]] bool carries() const noexcept { return (size & detail::kCarries) != 0; }
};

// ---- opening ------------------------------------------------------------------------------------

SharedChannel::SharedChannel(std::shared_ptr<SharedBus> bus, std::string name,
                             std::unique_ptr<detail::OpenChannel> open)
    : bus_(std::move(bus)), name_(std::move(name)), open_(std::move(open)) {}

Status SharedChannel::open(std::shared_ptr<SharedBus> bus, const std::string& name,
                           const ChannelOptions& options, Out out) {
  if (Status status = bus->usable(); !status.ok()) return status;
  if (!right_name(name)) {
    return {
        StatusCode::invalid_argument,
        "the name of a channel is 1 to 63 letters, digits, '_', '-' or '.', not '" + name + "'"};
  }
  auto open = std::make_unique<detail::OpenChannel>();
  Status status = bus->directory_->acquire(name, options, open.get());
  if (status.code() == StatusCode::resource_exhausted) {
    bus->sweep();  // the dead may hold the room
    status = bus->directory_->acquire(name, options, open.get());
  }
  if (!status.ok()) return status;
  detail::SharedDirectory& directory = *bus->directory_;
  const detail::OpenChannel copy = *open;
  try {
    out->reset(new SharedChannel(std::move(bus), name, std::move(open)));
  } catch (...) {
    directory.release(copy);
    throw;
  }
  return {};
}

SharedChannel::~SharedChannel() {
  if (bus_->belongs_here()) bus_->directory_->release(*open_);
}

// ---- the words of refusals ----------------------------------------------------------------------

Status SharedChannel::refusal(StatusCode code) const {
  switch (code) {
    case StatusCode::ok:
      return {};
    case StatusCode::resource_exhausted:
      return {code, "channel '" + name_ + "' is full"};
    case StatusCode::not_found:
      return {code, {}};  // asked for again and again: costs nothing
    case StatusCode::deadline_exceeded:
      return {code, "nothing moved in channel '" + name_ + "' in time"};
    case StatusCode::cancelled:
      return {code, "the wait at channel '" + name_ + "' was interrupted"};
    case StatusCode::data_loss:
      return {code, "channel '" + name_ + "' is damaged: a process wrote where it may not"};
    case StatusCode::already_exists:
      return {code, "another process has that side of channel '" + name_ +
                        "', which is of kind spsc: use kind mpmc for several"};
    default:
      break;
  }
  if (Status status = bus_->usable(); !status.ok()) return status;
  return {StatusCode::failed_precondition, "channel '" + name_ + "' is closed"};
}

StatusCode SharedChannel::usable(std::atomic<std::uint32_t>& alone) noexcept {
  if (bus_->closed() || !bus_->belongs_here()) return StatusCode::failed_precondition;
  if (!open_->config.shape().one_sender) return StatusCode::ok;
  const std::uint32_t me = bus_->participant() + 1;
  std::uint32_t who = alone.load();
  if (who == me || (who == 0 && alone.compare_exchange_strong(who, me)) || who == me) {
    return StatusCode::ok;
  }
  return StatusCode::already_exists;
}

// ---- sending ------------------------------------------------------------------------------------

Status SharedChannel::prepare(std::span<const std::byte> bytes, Outgoing* out) const {
  const detail::ChannelConfig& config = open_->config;
  if (bytes.size() > config.message_bytes) {
    return {StatusCode::invalid_argument,
            std::to_string(bytes.size()) + " bytes are more than the " +
                std::to_string(config.message_bytes) + " of a message of channel '" + name_ +
                "': copy them into a buffer of the bus, and send that"};
  }
  *out = {bytes, {}, static_cast<std::uint32_t>(bytes.size())};
  return {};
}

Status SharedChannel::prepare(const BufferRef& buffer, Outgoing* out) const {
  BufferId id;
  if (Status status = bus_->share(buffer, &id); !status.ok()) return status;
  *out = {{}, id, detail::kCarries | id.size_class};
  const std::uint64_t weight = detail::weight_of(out->size) * detail::kWeightUnit;
  if (open_->config.bytes == 0 || weight <= open_->config.bytes) return {};
  return {StatusCode::invalid_argument,
          "a buffer that holds " + std::to_string(weight) + " bytes never fits into channel '" +
              name_ + "', which takes " + std::to_string(open_->config.bytes)};
}

StatusCode SharedChannel::push(const Outgoing& message) {
  Ring ring = open_->ring();
  std::optional<detail::SharedCarriage::Passage> passage;
  if (message.carries()) passage.emplace(*bus_->carriage_);
  Ring::Place place;
  switch (ring.claim(bus_->participant(), message.size, &place)) {
    case Step::yes:
      break;
    case Step::full:
      return StatusCode::resource_exhausted;
    case Step::closed:
      return StatusCode::failed_precondition;
    case Step::empty:
    case Step::filling:
    case Step::damaged:
      return StatusCode::data_loss;
  }
  detail::shared_step("send.claimed");
  if (message.carries()) {
    detail::write_handle(place.message, message.id);
    bus_->carriage_->add(message.id);
  } else {
    detail::write_message(place.message, message.bytes.data(), message.bytes.size());
  }
  detail::shared_step("send.written");
  if (const Step done = ring.publish(place, message.size); done != Step::yes) {
    if (message.carries()) bus_->carriage_->remove(message.id);
    return done == Step::closed ? StatusCode::failed_precondition : StatusCode::data_loss;
  }
  detail::shared_step("send.published");
  count(open_->header->sending.messages);
  detail::wake_one(open_->header->readable, bus_->segments_->caller());
  return StatusCode::ok;
}

StatusCode SharedChannel::push_alone(const Outgoing& message) {
  if (!open_->config.shape().one_sender) return push(message);
  const std::lock_guard lock(sending_);
  return push(message);
}

// `by_policy`: the outcome is final, whether or not the caller would wait.
StatusCode SharedChannel::push_by_policy(const Outgoing& message, bool* by_policy) {
  detail::ChannelHeader& header = *open_->header;
  *by_policy = true;
  if (const StatusCode code = usable(header.sending.alone); code != StatusCode::ok) return code;
  for (;;) {
    const StatusCode code = push_alone(message);
    if (code != StatusCode::resource_exhausted) return code;
    switch (policy()) {
      case ChannelPolicy::block:
        *by_policy = false;
        return code;
      case ChannelPolicy::fail:
        count(header.sending.refused);
        return code;
      case ChannelPolicy::drop_newest:
        count(header.sending.dropped);
        return StatusCode::ok;
      case ChannelPolicy::drop_oldest:
        break;
    }
    Ring ring = open_->ring();
    Ring::Place oldest;
    const Step found = ring.peek(&oldest);
    if (found == Step::yes) {
      if (bus_->carriage_->discard(ring, oldest)) {
        detail::shared_step("drop.done");
        count(header.receiving.dropped);
      }
    } else if (found == Step::closed) {
      return StatusCode::failed_precondition;
    } else if (found == Step::filling) {
      *by_policy = false;  // there is nothing to drop
      return code;
    } else if (found != Step::empty) {
      return StatusCode::data_loss;
    }
  }
}

Status SharedChannel::send_until(const Outgoing& message, TimePoint deadline,
                                 ChannelInterrupt interrupt) {
  detail::ChannelSide& side = open_->header->sending;
  detail::ChannelWait wait{open_->header->writable, write_place_, bus_->participant(),
                           StatusCode::resource_exhausted, deadline};
  bool by_policy = false;
  StatusCode code = wait.until(
      [&] {
        const StatusCode now = push_by_policy(message, &by_policy);
        // The policy has spoken: out of the wait, by a code that it never gives.
        return now == StatusCode::resource_exhausted && by_policy ? StatusCode::internal : now;
      },
      [&] { return look_around(interrupt); });
  if (wait.slept) count(side.waits);
  if (code == StatusCode::deadline_exceeded) count(side.timeouts);
  return refusal(code == StatusCode::internal ? StatusCode::resource_exhausted : code);
}

Status SharedChannel::send_now(const Outgoing& message, bool again) {
  bool by_policy = false;
  const StatusCode code = push_by_policy(message, &by_policy);
  if (code == StatusCode::resource_exhausted && !by_policy) {
    if (again) return {StatusCode::unavailable, {}};
    count(open_->header->sending.refused);
  }
  return refusal(code);
}

Status SharedChannel::try_send(std::span<const std::byte> bytes, bool again) {
  Outgoing message;
  if (Status status = prepare(bytes, &message); !status.ok()) return status;
  return send_now(message, again);
}

Status SharedChannel::try_send(const BufferRef& buffer, bool again) {
  Outgoing message;
  if (Status status = prepare(buffer, &message); !status.ok()) return status;
  return send_now(message, again);
}

Status SharedChannel::send(std::span<const std::byte> bytes, TimePoint deadline,
                           ChannelInterrupt interrupt) {
  Outgoing message;
  if (Status status = prepare(bytes, &message); !status.ok()) return status;
  return send_until(message, deadline, interrupt);
}

Status SharedChannel::send(const BufferRef& buffer, TimePoint deadline,
                           ChannelInterrupt interrupt) {
  Outgoing message;
  if (Status status = prepare(buffer, &message); !status.ok()) return status;
  return send_until(message, deadline, interrupt);
}

// ---- receiving ----------------------------------------------------------------------------------

StatusCode SharedChannel::pop_any(ChannelMessage* out) {
  Ring ring = open_->ring();
  detail::SharedCarriage& carriage = *bus_->carriage_;
  for (;;) {
    Ring::Place place;
    switch (ring.peek(&place)) {
      case Step::yes:
        break;
      case Step::empty:
        return StatusCode::not_found;
      case Step::filling:
        look_for_dead();
        return StatusCode::not_found;
      case Step::closed:
        return StatusCode::failed_precondition;
      case Step::full:
      case Step::damaged:
        return StatusCode::data_loss;
    }
    out->buffer_.reset();
    out->size_ = 0;
    if ((place.size() & detail::kCarries) == 0) {
      const bool whole = place.size() <= open_->config.message_bytes;
      if (whole) {
        detail::read_message(place.message, out->bytes_.data(), place.size());
        out->size_ = place.size();
      }
      if (!ring.take(place)) continue;
      detail::shared_step("receive.taken");
      return whole ? StatusCode::ok : StatusCode::data_loss;
    }
    const detail::SharedCarriage::Passage passage(carriage);
    const BufferId id = detail::read_handle(place.message);
    Status attached{StatusCode::data_loss, {}};
    if (carriage.known(id)) {
      carriage.touch(id);
      detail::shared_step("receive.touched");
      attached = bus_->attach_held(id, &out->buffer_);
      detail::shared_step("receive.attached");
    }
    if (!ring.take(place)) {
      out->buffer_.reset();
      continue;
    }
    detail::shared_step("receive.taken");
    if (!attached.ok()) return StatusCode::data_loss;
    carriage.remove(id);
    return StatusCode::ok;
  }
}

StatusCode SharedChannel::pop(ChannelMessage* out) {
  detail::ChannelHeader& header = *open_->header;
  if (const StatusCode code = usable(header.receiving.alone); code != StatusCode::ok) return code;
  StatusCode code = StatusCode::ok;
  if (open_->config.shape().one_sender) {
    const std::lock_guard lock(receiving_);
    code = pop_any(out);
  } else {
    code = pop_any(out);
  }
  if (code == StatusCode::data_loss) count(header.receiving.damaged);
  if (code != StatusCode::ok) return code;
  count(header.receiving.messages);
  detail::wake_one(header.writable, bus_->segments_->caller());
  return code;
}

Status SharedChannel::receive(ChannelMessage* out, TimePoint deadline, ChannelInterrupt interrupt) {
  detail::ChannelSide& side = open_->header->receiving;
  detail::ChannelWait wait{open_->header->readable, read_place_, bus_->participant(),
                           StatusCode::not_found, deadline};
  const StatusCode code =
      wait.until([&] { return pop(out); }, [&] { return look_around(interrupt); });
  if (wait.slept) count(side.waits);
  if (code == StatusCode::deadline_exceeded) count(side.timeouts);
  return refusal(code);
}

// For those that never wait.
void SharedChannel::look_for_dead() noexcept {
  const std::int64_t now = monotonic_now().time_since_epoch().count();
  std::int64_t last = looked_ns_.load();
  if (now - last < detail::ChannelWait::kLook.count()) return;
  if (looked_ns_.compare_exchange_strong(last, now)) bus_->sweep();
}

bool SharedChannel::look_around(ChannelInterrupt interrupt) noexcept {
  bus_->sweep();
  return interrupt.asked != nullptr && interrupt.asked(interrupt.argument);
}

Status SharedChannel::try_receive(ChannelMessage* out) { return refusal(pop(out)); }

}  // namespace cogway
