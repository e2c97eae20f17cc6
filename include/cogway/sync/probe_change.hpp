// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words that a ProbeMap, its policy and its callers use with one another.

#include <cstdint>

#include "cogway/sync/probe_table.hpp"

namespace cogway {

enum class ProbeMatch : std::uint8_t {
  other,   ///< another key
  same,    ///< the key looked for
  ask,     ///< only compare() can tell
  failed,  ///< compare() failed; the policy knows how
};

enum class ProbeResult : std::uint8_t {
  found,      ///< the key was there: its value was read, replaced or removed
  absent,     ///< it was not; a put() that inserts has inserted it
  differs,    ///< it was there with another value than the expected one; nothing was done
  failed,     ///< comparing failed; nothing was done
  exhausted,  ///< no memory; nothing was done
};

/// When a put() may do what it is asked to.
enum class ProbeWhen : std::uint8_t {
  always,
  absent,    ///< the key is not there
  expected,  ///< the key is there with the expected value
};

/// What a put() is given, and gives back. All words are references: those in it when it returns are
/// the caller's to drop, but for `expected`.
struct ProbeChange {
  ProbeWord key = 0;        ///< to be inserted; 0 afterwards if it was
  ProbeWord value = 0;      ///< to be stored, 0 afterwards if it was; 0 from the start: remove
  ProbeWord expected = 0;   ///< for ProbeWhen::expected: compared as a word
  ProbeWord old_key = 0;    ///< removed
  ProbeWord old_value = 0;  ///< replaced or removed; for ProbeWhen::absent: the one that is there
};

}  // namespace cogway
