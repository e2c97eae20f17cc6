// SPDX-License-Identifier: Apache-2.0
#pragma once
// A second process for the tests of the shared bus: what it does, how it says how far it is, and
// how it ends.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>

namespace cogway::test {

/// A name that no other test process has.
inline std::string unique_name(const std::string& what) {
  static int count = 0;
  return "test-" + what + '-' + std::to_string(::getpid()) + '-' + std::to_string(count++);
}

/// One end of a socket between the two.
class Line {
 public:
  explicit Line(int fd) : fd_(fd) {}
  template <typename T>
  void send(const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (::send(fd_, &value, sizeof(value), MSG_NOSIGNAL) != sizeof(value)) ::_exit(97);
  }
  /// False: the other one is gone.
  template <typename T>
  bool receive(T* value) const {
    return ::recv(fd_, value, sizeof(*value), MSG_WAITALL) == static_cast<ssize_t>(sizeof(*value));
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// A forked child that runs `body` and ends with its result: 0 is success.
class Peer {
 public:
  explicit Peer(const std::function<int(const Line&)>& body) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      ::_exit(body(Line(ends[1])));
    }
    ::close(ends[1]);
    fd_ = ends[0];
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (pid_ > 0) kill();
    ::close(fd_);
  }
  [[nodiscard]] Line line() const { return Line(fd_); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Its exit status, 128 + the signal that ended it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int kill() {
    if (pid_ <= 0) return 0;
    ::kill(pid_, SIGKILL);
    return wait();
  }

 private:
  pid_t pid_ = 0;
  int fd_ = -1;
};

}  // namespace cogway::test
