// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/debug_report.hpp"

#include <cstdio>
#include <new>
#include <utility>

namespace cogway {

std::string_view finding_kind_name(FindingKind kind) noexcept {
  switch (kind) {
    case FindingKind::overrun:
      return "overrun";
    case FindingKind::underrun:
      return "underrun";
    case FindingKind::use_after_free:
      return "use_after_free";
    case FindingKind::leak:
      return "leak";
    case FindingKind::attached:
      return "attached";
  }
  return "unknown";
}

void DebugReport::add(Finding finding, bool aloud) noexcept {
  // One call, so that lines of several threads do not mix.
  if (aloud) std::fprintf(stderr, "cogway: debug: %s\n", finding.message.c_str());
  const std::scoped_lock lock(mutex_);
  ++count_;
  if (findings_.size() >= kMost) return;
  try {
    findings_.push_back(std::move(finding));
  } catch (const std::bad_alloc&) {
    // counted, if not kept
  }
}

std::vector<Finding> DebugReport::findings() const {
  const std::scoped_lock lock(mutex_);
  return findings_;
}

std::uint64_t DebugReport::count() const noexcept {
  const std::scoped_lock lock(mutex_);
  return count_;
}

const char* DebugReport::keep(std::string_view text) noexcept {
  if (text.empty()) return nullptr;
  const std::scoped_lock lock(mutex_);
  try {
    return kept_.emplace(text).first->c_str();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace cogway
