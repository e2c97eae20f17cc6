// SPDX-License-Identifier: Apache-2.0
#pragma once
// A source that is known in full when the pipeline is built: paths, or encoded bytes. What the
// first native stage gets is a view of the element; nothing is copied per epoch.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cogway {

/// **Threads**: immutable once given to a pipeline. **Ownership**: `owner` keeps the bytes alive,
/// as long as any run of the pipeline exists; it may be null if something else does.
/// **Progress**: n/a. **Order**: n/a.
struct SourceList {
  std::shared_ptr<const void> owner;
  std::vector<std::span<const std::byte>> values;
  /// The values are on the foreign side, and these are empty: items enter with their index alone.
  bool foreign = false;
  /// Another order each epoch, a function of (seed, epoch).
  bool shuffle = false;
  std::uint64_t seed = 0;

  /// A list that owns its strings.
  [[nodiscard]] static SourceList of(std::vector<std::string> strings) {
    auto owned = std::make_shared<const std::vector<std::string>>(std::move(strings));
    SourceList list;
    list.values.reserve(owned->size());
    for (const std::string& string : *owned) {
      list.values.push_back(std::as_bytes(std::span(string.data(), string.size())));
    }
    list.owner = std::move(owned);
    return list;
  }
};

}  // namespace cogway
