// SPDX-License-Identifier: Apache-2.0
#pragma once
// What debug mode found, for Python: `Bus.findings`, `Engine.findings`, and places of calls.

#include <Python.h>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/debug_report.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// A tuple of cogway.Finding; empty without a report.
[[nodiscard]] PyObject* findings_tuple(ModuleState& state, const DebugReport* report);

/// The place of the running call, kept by the report; nullptr: not known.
[[nodiscard]] const char* kept_place(DebugReport& report);

/// Says that the running call has leased the buffer.
void note_place_in(detail::DebugArena& arena, const BufferRef& buffer);
inline void note_place(const BufferRef& buffer) {
  detail::DebugArena* arena = buffer.bus() == nullptr ? nullptr : buffer.bus()->debug_arena();
  if (arena != nullptr) [[unlikely]]
    note_place_in(*arena, buffer);
}

}  // namespace cogway
