// SPDX-License-Identifier: Apache-2.0
#include "code_location.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace cogway::os {
namespace {

/// Lines of a file, read without a heap.
class Lines {
 public:
  explicit Lines(int file) noexcept : file_(file) {}

  /// The next line into `line`, NUL-terminated, what does not fit left out. False: no more.
  bool next(char* line, std::size_t room) noexcept {
    std::size_t size = 0;
    for (;;) {
      if (at_ == end_) {
        const ssize_t got = ::read(file_, buffer_, sizeof(buffer_));
        if (got <= 0) return false;
        at_ = 0;
        end_ = static_cast<std::size_t>(got);
      }
      const char c = buffer_[at_++];
      if (c == '\n') break;
      if (size + 1 < room) line[size++] = c;
    }
    line[size] = '\0';
    return true;
  }

 private:
  int file_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  char buffer_[1024];
};

/// Reads hexadecimal digits; returns the place after them.
const char* read_hex(const char* text, std::uintptr_t* value) noexcept {
  *value = 0;
  for (;; ++text) {
    const char c = *text;
    if (c >= '0' && c <= '9') {
      *value = *value * 16 + static_cast<std::uintptr_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      *value = *value * 16 + static_cast<std::uintptr_t>(c - 'a' + 10);
    } else {
      return text;
    }
  }
}

/// Skips `count` fields and the blanks around them.
const char* skip_fields(const char* text, int count) noexcept {
  for (int i = 0; i < count; ++i) {
    while (*text == ' ') ++text;
    while (*text != ' ' && *text != '\0') ++text;
  }
  while (*text == ' ') ++text;
  return text;
}

bool same_text(const char* a, const char* b) noexcept {
  for (; *a == *b; ++a, ++b) {
    if (*a == '\0') return true;
  }
  return false;
}

void copy_text(const char* from, char* to, std::size_t room) noexcept {
  std::size_t i = 0;
  for (; i + 1 < room && from[i] != '\0'; ++i) to[i] = from[i];
  to[i] = '\0';
}

}  // namespace

bool locate_code(std::uintptr_t address, CodeLocation* location) noexcept {
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  Lines lines(file);
  bool found = false;
  // begin-end rights offset device inode path; a file's mappings follow one another, the one of its
  // beginning first: the addresses of its symbols count from there.
  std::uintptr_t base = 0;
  location->path[0] = '\0';
  char line[CodeLocation::kPathBytes + 128];
  while (!found && lines.next(line, sizeof(line))) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uintptr_t offset = 0;
    const char* rest = read_hex(line, &begin);
    if (*rest == '-') rest = read_hex(rest + 1, &end);
    read_hex(skip_fields(rest, 1), &offset);
    const char* path = skip_fields(rest, 4);
    if (*path != '/') continue;
    if (offset == 0 && !same_text(path, location->path)) base = begin;
    copy_text(path, location->path, sizeof(location->path));
    if (address < begin || address >= end) continue;
    found = true;
    location->address = base != 0 && base <= begin ? address - base : address - begin + offset;
  }
  ::close(file);
  return found;
}

}  // namespace cogway::os
