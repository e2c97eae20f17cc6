// SPDX-License-Identifier: Apache-2.0
#include "bus/overrun_text.hpp"

namespace cogway::detail {

bool take_damage(const Redzones& zones, Finding* found) noexcept {
  Damage damage = zones.after();
  found->kind = FindingKind::overrun;
  Redzones side = zones;
  if (damage) {
    side.begin = zones.payload;
  } else {
    damage = zones.before();
    if (!damage) return false;
    found->kind = FindingKind::underrun;
    side.end = zones.payload + zones.nbytes;
  }
  const std::byte edge = found->kind == FindingKind::overrun ? zones.end[-1] : *zones.begin;
  found->at_least = edge != kRedzonePattern;
  side.fill_zones();
  found->offset = damage.offset;
  found->nbytes = damage.nbytes;
  return true;
}

std::string overrun_text(const Finding& found, const char* kernel, const std::string& what,
                         const char* when) {
  std::string text;
  if (kernel != nullptr) text = std::string("kernel '") + kernel + "' wrote ";
  if (found.at_least) text += "at least ";
  text += std::to_string(found.nbytes) + (found.nbytes == 1 ? " byte" : " bytes");
  if (kernel == nullptr) text += found.nbytes == 1 ? " was written" : " were written";
  text += found.kind == FindingKind::overrun ? " past the end of " : " before the start of ";
  if (kernel != nullptr && !found.argument.empty()) text += found.argument + ": ";
  text += what + ", the first at offset " + std::to_string(found.offset);
  if (kernel == nullptr && when != nullptr) text += std::string("; seen ") + when;
  return text;
}

}  // namespace cogway::detail
