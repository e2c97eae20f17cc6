// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/descriptor_passing.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "cogway/base/os/error.hpp"

namespace cogway::os {
namespace {

constexpr std::size_t kMost = 8;

struct Message {
  char byte = 'd';
  iovec content{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(kMost * sizeof(int))]{};
  msghdr header{};

  explicit Message(std::size_t control_bytes) noexcept {
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = control_bytes;
  }
};

}  // namespace

void send_descriptors(int socket, std::span<const int> descriptors) {
  if (descriptors.empty() || descriptors.size() > kMost) {
    throw std::invalid_argument("between 1 and 8 descriptors can be sent at once");
  }
  Message message(CMSG_SPACE(descriptors.size_bytes()));
  cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message.header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent != 1) throw_errno("sending of descriptors");
}

std::vector<FileDescriptor> receive_descriptors(int socket) {
  Message message(sizeof(Message::control));
  ssize_t received = 0;
  do {
    received = ::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) throw_errno("receiving of descriptors");
  std::vector<FileDescriptor> descriptors;
  for (cmsghdr* rights = CMSG_FIRSTHDR(&message.header); rights != nullptr;
       rights = CMSG_NXTHDR(&message.header, rights)) {
    if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

}  // namespace cogway::os
