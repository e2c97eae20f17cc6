// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_control.hpp"

#include <cstring>

#include "bus/channel_memory.hpp"
#include "bus/shared_plan.hpp"
#include "cogway/base/os/process.hpp"
#include "cogway/base/os/shared_memory.hpp"
#include "cogway/bus/shared_bus.hpp"

namespace cogway::detail {
namespace {

constexpr std::uint64_t kBusMagic = 0x3153'5542'5957'4743;  // "CGWYBUS1"
constexpr std::uint32_t kLayout = 4;

// FNV-1a.
constexpr std::uint64_t kBasis = 0xcbf2'9ce4'8422'2325;
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
  for (int i = 0; i < 8; ++i) {
    hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 0x100'0000'01b3;
  }
  return hash;
}

// Changes whenever two builds could disagree about a byte that both use.
std::uint64_t fingerprint() noexcept {
  std::uint64_t hash = kBasis;
  for (const std::uint64_t part : {sizeof(SharedControl),
                                   sizeof(SharedHeader),
                                   sizeof(SharedParticipant),
                                   sizeof(SharedClass),
                                   sizeof(SharedEntry),
                                   sizeof(SharedWordEntry),
                                   sizeof(ChannelHeader),
                                   offsetof(SharedControl, members),
                                   offsetof(SharedControl, paging),
                                   offsetof(SharedControl, participants),
                                   offsetof(SharedControl, classes),
                                   offsetof(SharedHeader, buffer),
                                   offsetof(BufferHeader, layout),
                                   sizeof(Layout),
                                   sizeof(DType),
                                   offsetof(Layout, shape),
                                   offsetof(Layout, strides),
                                   sizeof(pthread_mutex_t),
                                   std::size_t{kMaxDims},
                                   std::size_t{kSizeClasses},
                                   std::size_t{kSharedParticipants}}) {
    hash = mix(hash, part);
  }
  for (const DType dtype : {kBool, kInt8, kInt64, kUint8, kUint64, kFloat16, kFloat32, kFloat64,
                            kBfloat16, kComplex64, kComplex128}) {
    hash = mix(hash, static_cast<std::uint64_t>(dtype.code) << 32 | dtype.itemsize());
  }
  return hash;
}

std::uint64_t checksum_of(const Preamble& preamble) noexcept {
  std::uint64_t hash = kBasis;
  std::uint64_t words[offsetof(Preamble, checksum) / 8];
  std::memcpy(words, &preamble, sizeof(words));
  for (const std::uint64_t word : words) hash = mix(hash, word);
  return hash;
}

}  // namespace

Preamble Preamble::make(const SharedPlan& plan, const os::FileFacts& data) {
  const os::PidNamespace space = os::pid_namespace();
  Preamble made;
  made.magic = kBusMagic;
  made.layout = kLayout;
  made.page_size = static_cast<std::uint32_t>(os::page_size());
  made.fingerprint = detail::fingerprint();
  made.namespace_device = space.device;
  made.namespace_inode = space.inode;
  made.id[0] = os::random_bits();
  made.id[1] = os::random_bits();
  made.capacity = plan.capacity;
  made.data_device = data.device;
  made.data_inode = data.inode;
  made.seal();
  return made;
}

void Preamble::seal() noexcept { checksum = checksum_of(*this); }

Status Preamble::check(const std::string& what) const {
  if (magic != kBusMagic) {
    return {StatusCode::invalid_argument, what + " is not a bus of cogway"};
  }
  if (layout != kLayout) {
    return {StatusCode::unimplemented, what + " has layout version " + std::to_string(layout) +
                                           ", this cogway knows version " +
                                           std::to_string(kLayout)};
  }
  if (checksum != checksum_of(*this)) {
    return {StatusCode::data_loss, what + " is damaged: the checksum of its preamble is wrong"};
  }
  if (page_size != os::page_size()) {
    return {StatusCode::unimplemented, what + " has pages of " + std::to_string(page_size) +
                                           " bytes, this process has " +
                                           std::to_string(os::page_size())};
  }
  if (fingerprint != detail::fingerprint()) {
    return {StatusCode::unimplemented,
            what + " was made by a build of cogway, or a C library, with other structures"};
  }
  if (os::pid_namespace() != os::PidNamespace{namespace_device, namespace_inode}) {
    return {StatusCode::failed_precondition,
            what +
                " belongs to processes of another PID namespace (another container?): they "
                "could not tell whether we live"};
  }
  if (capacity < SharedBus::kMinCapacity || capacity > SharedBus::kMaxCapacity) {
    return {StatusCode::data_loss, what + " is damaged: its capacity is impossible"};
  }
  return {};
}

}  // namespace cogway::detail
