// SPDX-License-Identifier: Apache-2.0
#include "post_table.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace cogway {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kMostWaiting = std::size_t{1} << 20;

/// Spreads threads over the cells.
std::size_t number_of_thread() noexcept {
  static constinit std::atomic<std::size_t> threads{0};
  // order: relaxed, only hands out numbers
  thread_local const std::size_t number = threads.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace

std::shared_ptr<PostPort> PostTable::open(std::string name, const PortOptions& options) {
  if (name.empty() || name.size() > kLongestName) {
    throw std::invalid_argument("the name of a port has 1 to 63 bytes, not '" + name + "'");
  }
  if (options.capacity < 1 || options.capacity > kMostWaiting) {
    throw std::invalid_argument("port '" + name + "': the capacity must be 1 to " +
                                std::to_string(kMostWaiting) + ", not " +
                                std::to_string(options.capacity));
  }
  const std::scoped_lock lock(mutex_);
  if (closed_) throw std::logic_error("port '" + name + "': the engine is closed");
  let_go();
  std::size_t place = owned_.size();
  for (std::size_t i = 0; i < owned_.size(); ++i) {
    const PostPort& port = *owned_[i];
    if (port.name() == name) {
      if (!port.closed()) throw std::logic_error("port '" + name + "' is open already");
      place = i;
      break;
    }
    if (port.closed()) place = std::min(place, i);
  }
  if (place == kMostPorts) {
    throw std::invalid_argument("port '" + name + "': an engine has at most " +
                                std::to_string(kMostPorts) + " open ports");
  }
  auto port = std::make_shared<PostPort>(std::move(name), options);
  retired_.reserve(retired_.size() + 1);
  if (place == owned_.size()) {
    owned_.push_back(port);
    ports_[place].store(port.get());
    count_.store(place + 1);
  } else {
    ports_[place].store(port.get());
    retired_.push_back(std::exchange(owned_[place], port));
  }
  return port;
}

/// Under the lock. Posters that come now no longer find what was retired.
void PostTable::let_go() noexcept {
  if (retired_.empty()) return;
  for (const Cell& cell : cells_) {
    if (cell.inside.load() != 0) return;  // the next open() looks again
  }
  retired_.clear();
}

PostPort* PostTable::find(std::string_view name) const noexcept {
  const std::size_t count = count_.load();
  for (std::size_t i = 0; i < count; ++i) {
    PostPort* port = ports_[i].load();
    if (port->name() == name) return port;
  }
  return nullptr;
}

StatusCode PostTable::post(std::string_view name, Bus& bus,
                           std::span<const cogway_view> views) noexcept {
  Cell& cell = cells_[number_of_thread() % kCells];
  cell.inside.fetch_add(1);
  PostPort* port = find(name);
  const StatusCode code = port == nullptr ? StatusCode::not_found : port->post(bus, views);
  cell.inside.fetch_sub(1);
  return code;
}

void PostTable::close() noexcept {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  for (const auto& port : owned_) port->close();
}

std::vector<PortStatistics> PostTable::statistics() const {
  const std::scoped_lock lock(mutex_);
  std::vector<PortStatistics> all;
  all.reserve(owned_.size());
  for (const auto& port : owned_) all.push_back(port->statistics());
  return all;
}

}  // namespace cogway
