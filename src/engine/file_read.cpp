// SPDX-License-Identifier: Apache-2.0
// file.read: a file's bytes into a buffer. describe() runs on the worker, as it asks the disk.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "builtin_kernels.hpp"
#include "cogway/engine/kernel_registry.hpp"

namespace cogway {
namespace {

constexpr std::int64_t kDefaultLimit = std::int64_t{1} << 30;

const char* path_of(const cogway_call* call) { return call->params[0].as.s; }

int32_t refuse(const cogway_call* call, int32_t code, const char* reason) {
  char message[512];
  std::snprintf(message, sizeof(message), "file '%.300s': %s", path_of(call), reason);
  return host_table()->fail(call->context, code, message);
}

int32_t refuse_errno(const cogway_call* call, int error) {
  char text[128];
  // GNU strerror_r: thread-safe, may return a static string.
  const char* reason = strerror_r(error, text, sizeof(text));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return refuse(call, COGWAY_NOT_FOUND, reason);
    case EMFILE:
    case ENFILE:
      return refuse(call, COGWAY_RESOURCE_EXHAUSTED, reason);
    default:
      return refuse(call, COGWAY_FAILED_PRECONDITION, reason);
  }
}

/// The size of the file that `status` describes, or a refusal.
int32_t check_file(const cogway_call* call, const struct stat& status) {
  if (S_ISDIR(status.st_mode)) {
    return refuse(call, COGWAY_FAILED_PRECONDITION, "is a directory");
  }
  if (!S_ISREG(status.st_mode)) {
    return refuse(call, COGWAY_FAILED_PRECONDITION, "is not a regular file");
  }
  if (status.st_size > call->params[1].as.i) {
    char reason[128];
    std::snprintf(reason, sizeof(reason), "has %lld bytes, more than limit=%lld",
                  static_cast<long long>(status.st_size),
                  static_cast<long long>(call->params[1].as.i));
    return refuse(call, COGWAY_RESOURCE_EXHAUSTED, reason);
  }
  return COGWAY_OK;
}

int32_t describe(const cogway_call* call, cogway_output_spec* output) {
  struct stat status;
  if (stat(path_of(call), &status) != 0) return refuse_errno(call, errno);
  if (const int32_t code = check_file(call, status); code != COGWAY_OK) return code;
  output->ndim = 1;
  output->dtype = {COGWAY_UINT, 8, 1};
  output->shape[0] = status.st_size;
  return COGWAY_OK;
}

class File {
 public:
  // O_NONBLOCK: a FIFO put in the file's place must not hold the worker; no effect on regular
  // files.
  explicit File(const char* path) : fd_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

int32_t run(const cogway_call* call) {
  const File file(path_of(call));
  if (file.fd() < 0) return refuse_errno(call, errno);
  struct stat status;
  if (fstat(file.fd(), &status) != 0) return refuse_errno(call, errno);
  if (const int32_t code = check_file(call, status); code != COGWAY_OK) return code;
  auto* to = static_cast<char*>(call->outputs[0].data);
  const auto size = static_cast<std::size_t>(call->outputs[0].shape[0]);
  std::size_t done = 0;
  while (done < size) {
    if (host_table()->cancelled(call->context) != 0) return COGWAY_CANCELLED;
    constexpr std::size_t kPiece = std::size_t{4} << 20;  // so that cancellation is seen in time
    const std::size_t piece = size - done < kPiece ? size - done : kPiece;
    const ssize_t got = read(file.fd(), to + done, piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse_errno(call, errno);
    if (got == 0) return refuse(call, COGWAY_DATA_LOSS, "became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  char extra;
  if (read(file.fd(), &extra, 1) == 1) {
    return refuse(call, COGWAY_DATA_LOSS, "became longer while it was read");
  }
  return COGWAY_OK;
}

constexpr cogway_param_spec kParams[] = {
    {sizeof(cogway_param_spec),
     COGWAY_PARAM_STRING,
     "path",
     "the file to read",
     COGWAY_PARAM_REQUIRED,
     1,
     4095,
     0,
     0,
     0,
     nullptr,
     {0, 0, {0}}},
    {sizeof(cogway_param_spec),
     COGWAY_PARAM_INT,
     "limit",
     "refuse larger files (bytes)",
     0,
     0,
     0,
     0,
     0.0,
     0x1p62,
     nullptr,
     {COGWAY_PARAM_INT, 0, {kDefaultLimit}}},
};

}  // namespace

const cogway_kernel& file_read_kernel() noexcept {
  static const cogway_kernel kernel = {sizeof(cogway_kernel),
                                       COGWAY_KERNEL_DESCRIBE_ON_WORKER,
                                       "file.read",
                                       "Read a regular file.",
                                       "(path, limit) -> u8[size]",
                                       0,
                                       0,
                                       1,
                                       2,
                                       kParams,
                                       &describe,
                                       &run,
                                       nullptr};
  return kernel;
}

}  // namespace cogway
