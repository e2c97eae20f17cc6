// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an object inherits that threads may still look at after it was taken out of a lock-free
// structure. It goes to retire() of an EpochDomain or a HazardDomain instead of to delete.

namespace cogway {

/// `struct Node : Retirable {…}`. Part of the object, so that retiring allocates nothing.
struct Retirable {
  using Destroy = void (*)(Retirable* object);

  Retirable* next_retired = nullptr;  ///< by whoever has retired it
  Destroy destroy = nullptr;          ///< by whoever has retired it
};

}  // namespace cogway
