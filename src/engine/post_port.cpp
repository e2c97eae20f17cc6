// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/post_port.hpp"

#include <bit>
#include <utility>

#include "cogway/bus/bus.hpp"
#include "strided_copy.hpp"

namespace cogway {
namespace {

// order: relaxed, no pairing: counters, each right by itself
constexpr auto kRelaxed = std::memory_order_relaxed;

/// A frozen copy of `view` on `bus`; ok, or why there is none.
StatusCode copy_view(Bus& bus, const cogway_view& view, BufferRef* copy) noexcept {
  if (view.ndim > COGWAY_MAX_NDIM || (view.data == nullptr && view.nbytes != 0)) {
    return StatusCode::invalid_argument;
  }
  try {
    Layout layout;
    const auto dtype = std::bit_cast<DType>(view.dtype);
    if (!Layout::contiguous(dtype, {view.shape, view.ndim}, &layout).ok()) {
      return StatusCode::invalid_argument;
    }
    BufferRef buffer = bus.try_lease(layout);
    if (!buffer) return StatusCode::resource_exhausted;
    if (layout.nbytes() != 0) copy_strided(view, buffer.mutable_data());
    if (!buffer.freeze().ok()) return StatusCode::internal;
    *copy = std::move(buffer);
    return StatusCode::ok;
  } catch (const std::exception&) {  // memory for a message
    return StatusCode::resource_exhausted;
  }
}

}  // namespace

PostPort::PostPort(std::string name, const PortOptions& options)
    : name_(std::move(name)),
      when_full_(options.when_full),
      free_(options.capacity),
      filled_(options.capacity),
      posts_(std::make_unique<Post[]>(free_.capacity())) {
  for (std::size_t i = 0; i < free_.capacity(); ++i) {
    (void)free_.try_push(static_cast<std::uint32_t>(i));
  }
}

StatusCode PostPort::refuse(StatusCode code) noexcept {
  refused_.fetch_add(1, kRelaxed);
  return code;
}

StatusCode PostPort::post(Bus& bus, std::span<const cogway_view> views) noexcept {
  if (closed()) return refuse(StatusCode::unavailable);
  if (views.size() > COGWAY_MAX_BUFFERS) return refuse(StatusCode::invalid_argument);
  std::optional<std::uint32_t> place = free_.try_pop();
  if (!place) {
    if (when_full_ == FullPortPolicy::fail) return refuse(StatusCode::resource_exhausted);
    dropped_.fetch_add(1, kRelaxed);
    if (when_full_ == FullPortPolicy::drop_newest) return StatusCode::ok;
    place = filled_.try_pop();
    // Another poster has not finished with the oldest: then this one is what is lost.
    if (!place) return StatusCode::ok;
  }
  Post& post = posts_[*place];
  StatusCode code = StatusCode::ok;
  post.n_buffers = static_cast<std::uint32_t>(views.size());
  for (std::size_t i = 0; i < post.buffers.size(); ++i) {
    post.buffers[i].reset();
    if (i < views.size() && code == StatusCode::ok) {
      code = copy_view(bus, views[i], &post.buffers[i]);
    }
  }
  if (code == StatusCode::ok && !filled_.try_push(*place)) code = StatusCode::unavailable;
  if (code != StatusCode::ok) {
    for (BufferRef& buffer : post.buffers) buffer.reset();
    (void)free_.try_push(*place);  // as many places as posts: never full
    return refuse(code);
  }
  posted_.fetch_add(1, kRelaxed);
  if (bell_.ring()) {
    signals_.fetch_add(1, kRelaxed);
    event_.signal();
  }
  return StatusCode::ok;
}

bool PostPort::take(Post* post) noexcept {
  const std::optional<std::uint32_t> place = filled_.try_pop();
  if (!place) return false;
  Post& from = posts_[*place];
  post->n_buffers = from.n_buffers;
  for (std::size_t i = 0; i < post->buffers.size(); ++i) {
    post->buffers[i] = std::move(from.buffers[i]);
  }
  (void)free_.try_push(*place);
  taken_.fetch_add(1, kRelaxed);
  return true;
}

PortStatistics PostPort::statistics() const {
  return {name_,
          posted_.load(kRelaxed),
          taken_.load(kRelaxed),
          dropped_.load(kRelaxed),
          refused_.load(kRelaxed),
          filled_.size(),
          signals_.load(kRelaxed)};
}

}  // namespace cogway
