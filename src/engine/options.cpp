// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/options.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace cogway {
namespace {

/// The variable as an integer of at least `least`; `fallback` when unset, empty or "auto".
std::int64_t read(const char* variable, std::int64_t fallback, std::int64_t least) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0' || std::strcmp(text, "auto") == 0) return fallback;
  std::int64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || stop != end || value < least) {
    throw std::invalid_argument(std::string("environment variable ") + variable + "='" + text +
                                "': expected \"auto\" or an integer of at least " +
                                std::to_string(least));
  }
  return value;
}

int read_count(const char* variable, int fallback, int least) {
  const std::int64_t value = read(variable, fallback, least);
  if (value > 1'000'000) {
    throw std::invalid_argument(std::string("environment variable ") + variable + " is too large");
  }
  return static_cast<int>(value);
}

}  // namespace

EngineOptions options_from_environment() {
  EngineOptions options;
  options.foreground_workers = read_count("COGWAY_NATIVE_WORKERS", EngineOptions::kAuto, 1);
  options.background_workers = read_count("COGWAY_BACKGROUND_WORKERS", EngineOptions::kAuto, 1);
  options.reserved_cores = read_count("COGWAY_RESERVED_CORES", 0, 0);
  options.bus_bytes = static_cast<std::uint64_t>(
      read("COGWAY_BUS_BYTES", static_cast<std::int64_t>(options.bus_bytes), 1));
  options.openmp_threads = read_count("COGWAY_OPENMP_THREADS", EngineOptions::kAuto, 0);
  options.spin = Nanoseconds{read("COGWAY_SPIN_NS", EngineOptions::kAuto, 0)};
  options.crash_report = read("COGWAY_CRASH_REPORT", 1, 0) != 0;
  options.debug = read("COGWAY_DEBUG", 0, 0) != 0;
  return options;
}

}  // namespace cogway
