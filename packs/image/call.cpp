// SPDX-License-Identifier: Apache-2.0
#include "call.hpp"

#include <cstdarg>
#include <cstdio>

namespace cogway_image {
namespace {
const cogway_host* g_host = nullptr;
constexpr std::size_t kMessageBytes = 512;
}  // namespace

void set_host(const cogway_host* host) noexcept { g_host = host; }

bool Call::cancelled() const noexcept { return g_host->cancelled(raw_->context) != 0; }

void* Call::scratch(std::size_t bytes) const noexcept {
  return g_host->scratch(raw_->context, bytes);
}

std::int32_t Call::parallel_for(std::int64_t n, std::int64_t grain, cogway_range_body body,
                                void* argument) const noexcept {
  return g_host->parallel_for(raw_->context, n, grain, body, argument);
}

std::int32_t Call::set_output_shape(std::uint32_t i, const std::int64_t* shape,
                                    std::uint32_t ndim) const noexcept {
  return g_host->set_output_shape(raw_->context, i, shape, ndim);
}

std::int32_t Call::fail(std::int32_t code, const char* format, ...) const noexcept {
  char message[kMessageBytes];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  return g_host->fail(raw_->context, code, message);
}

std::int32_t Call::out_of_scratch(std::size_t bytes) const noexcept {
  return fail(COGWAY_RESOURCE_EXHAUSTED, "no %zu bytes of scratch memory to be had", bytes);
}

std::int32_t Call::cancelled_status() const noexcept {
  return fail(COGWAY_CANCELLED, "cancelled while running");
}

}  // namespace cogway_image
