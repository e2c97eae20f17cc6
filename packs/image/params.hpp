// SPDX-License-Identifier: Apache-2.0
#pragma once
// Builders for the parameter lists that kernels declare, so that a declaration reads as a table.

#include <cstdint>

#include "cogway/kernel_abi.h"

namespace cogway_image {

inline constexpr std::int64_t kDefaultMaxPixels = 178'956'970;  // where Pillow, too, refuses
inline constexpr double kMaxSide = 65'500;                      // JPEG_MAX_DIMENSION

constexpr cogway_param_spec param(std::uint32_t type, const char* name, const char* doc) {
  cogway_param_spec spec{};
  spec.size = sizeof(cogway_param_spec);
  spec.type = type;
  spec.name = name;
  spec.doc = doc;
  return spec;
}

constexpr cogway_param_spec bool_param(const char* name, const char* doc, bool value) {
  cogway_param_spec spec = param(COGWAY_PARAM_BOOL, name, doc);
  spec.default_value = {COGWAY_PARAM_BOOL, 0, {.i = value ? 1 : 0}};
  return spec;
}

constexpr cogway_param_spec int_param(const char* name, const char* doc, double least,
                                      double greatest, std::int64_t value) {
  cogway_param_spec spec = param(COGWAY_PARAM_INT, name, doc);
  spec.min_value = least;
  spec.max_value = greatest;
  spec.default_value = {COGWAY_PARAM_INT, 0, {.i = value}};
  return spec;
}

constexpr cogway_param_spec float_param(const char* name, const char* doc, double least,
                                        double greatest, double value) {
  cogway_param_spec spec = param(COGWAY_PARAM_FLOAT, name, doc);
  spec.min_value = least;
  spec.max_value = greatest;
  spec.default_value = {COGWAY_PARAM_FLOAT, 0, {.f = value}};
  return spec;
}

constexpr cogway_param_spec choice_param(const char* name, const char* doc,
                                         const char* const* choices, std::int64_t value) {
  cogway_param_spec spec = param(COGWAY_PARAM_CHOICE, name, doc);
  spec.choices = choices;
  spec.default_value = {COGWAY_PARAM_CHOICE, 0, {.i = value}};
  return spec;
}

/// A list of integers without a default; required or optional by flags.
constexpr cogway_param_spec ints_param(const char* name, const char* doc, std::uint32_t min_count,
                                       std::uint32_t max_count, double least, double greatest,
                                       std::uint32_t flags = 0) {
  cogway_param_spec spec = param(COGWAY_PARAM_INTS, name, doc);
  spec.min_count = min_count;
  spec.max_count = max_count;
  spec.min_value = least;
  spec.max_value = greatest;
  spec.flags = flags;
  return spec;
}

constexpr cogway_param_spec floats_param(const char* name, const char* doc, std::uint32_t min_count,
                                         std::uint32_t max_count, double least, double greatest,
                                         const double* values = nullptr, std::uint32_t count = 0) {
  cogway_param_spec spec = param(COGWAY_PARAM_FLOATS, name, doc);
  spec.min_count = min_count;
  spec.max_count = max_count;
  spec.min_value = least;
  spec.max_value = greatest;
  if (values != nullptr) spec.default_value = {COGWAY_PARAM_FLOATS, count, {.floats = values}};
  return spec;
}

template <std::size_t N>
constexpr cogway_kernel kernel(const char* name, const char* doc, const char* signature,
                               const cogway_param_spec (&params)[N],
                               std::int32_t (*describe)(const cogway_call*, cogway_output_spec*),
                               std::int32_t (*run)(const cogway_call*)) {
  return {
      sizeof(cogway_kernel), 0, name, doc, signature, 1, 1, 1, N, params, describe, run, nullptr};
}

}  // namespace cogway_image
