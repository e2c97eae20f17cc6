// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the engine, which knows no Python, learns whether native work entered it. The python layer
// gives these functions; debug mode calls them around every kernel.

#include <cstdint>

namespace cogway {

/// What a thread did with an interpreter while native work ran on it.
enum class Attachment : std::uint8_t {
  none,
  entered,  ///< attached for a while: it made a thread state
  stayed,   ///< came back attached, and has been detached
};

struct AttachWatch {
  /// On the thread that is about to run native work.
  void (*begin)() noexcept = nullptr;
  /// On the same thread, when the work has returned.
  Attachment (*end)() noexcept = nullptr;
};

}  // namespace cogway
