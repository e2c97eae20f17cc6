// SPDX-License-Identifier: Apache-2.0
#pragma once
// PackHost::call: parameters by name become the positional values of a cogway_call, checked as the
// engine checks them; then describe, memory for the output, run.

#include "pack_host.hpp"

namespace pack_host {

/// What a call of a kernel with these parameters would be refused for; empty: nothing.
inline std::string bind_param(const cogway_param_spec& spec, const Value& value,
                              cogway_value* out) {
  const auto in_range = [&](double v) {
    return (spec.min_value == 0 && spec.max_value == 0) ||
           (v >= spec.min_value && v <= spec.max_value);
  };
  const auto count_fits = [&](std::size_t n) {
    return n >= spec.min_count && (spec.max_count == 0 || n <= spec.max_count);
  };
  const std::string refused = std::string(spec.name) + ": out of bounds";
  *out = {spec.type, 0, {}};
  if (const auto* b = std::get_if<bool>(&value); b && spec.type == COGWAY_PARAM_BOOL) {
    out->as.i = *b ? 1 : 0;
    return {};
  }
  if (const auto* i = std::get_if<int>(&value)) {
    if (spec.type == COGWAY_PARAM_INT) out->as.i = *i;
    if (spec.type == COGWAY_PARAM_FLOAT) out->as.f = *i;
    return in_range(*i) ? std::string() : refused;
  }
  if (const auto* f = std::get_if<double>(&value); f && spec.type == COGWAY_PARAM_FLOAT) {
    out->as.f = *f;
    return in_range(*f) ? std::string() : refused;
  }
  if (const auto* s = std::get_if<const char*>(&value); s && spec.type == COGWAY_PARAM_CHOICE) {
    for (std::int64_t i = 0; spec.choices[i] != nullptr; ++i) {
      out->as.i = i;
      if (std::strcmp(spec.choices[i], *s) == 0) return {};
    }
    return std::string(spec.name) + ": no such choice";
  }
  if (const auto* v = std::get_if<std::vector<std::int64_t>>(&value);
      v && spec.type == COGWAY_PARAM_INTS) {
    out->count = static_cast<std::uint32_t>(v->size());
    out->as.ints = v->data();
    for (const std::int64_t i : *v) {
      if (!in_range(static_cast<double>(i))) return refused;
    }
    return count_fits(v->size()) ? std::string() : refused;
  }
  if (const auto* v = std::get_if<std::vector<double>>(&value);
      v && spec.type == COGWAY_PARAM_FLOATS) {
    out->count = static_cast<std::uint32_t>(v->size());
    out->as.floats = v->data();
    for (const double f : *v) {
      if (!in_range(f)) return refused;
    }
    return count_fits(v->size()) ? std::string() : refused;
  }
  return std::string(spec.name) + ": wrong type";
}

inline Result PackHost::call(const std::string& name, const cogway_view& input,
                             const std::vector<Param>& given, const Conditions& conditions) const {
  const cogway_kernel& k = kernel(name);
  Result result;
  std::vector<cogway_value> values(k.n_params);
  for (std::uint32_t i = 0; i < k.n_params; ++i) values[i] = k.params[i].default_value;
  for (const Param& p : given) {
    bool found = false;
    for (std::uint32_t i = 0; i < k.n_params; ++i) {
      if (std::strcmp(k.params[i].name, p.name) != 0) continue;
      found = true;
      if (result.message = bind_param(k.params[i], p.value, &values[i]); !result.message.empty()) {
        result.status = COGWAY_INVALID_ARGUMENT;
        return result;
      }
    }
    if (!found) throw std::runtime_error(name + " has no parameter " + p.name);
  }
  for (std::uint32_t i = 0; i < k.n_params; ++i) {
    if ((k.params[i].flags & COGWAY_PARAM_REQUIRED) != 0 && values[i].type == 0) {
      throw std::runtime_error(name + " needs " + k.params[i].name);
    }
  }
  cogway_context context;
  context.cancel_after = conditions.cancel_after;
  context.scratch_left = conditions.scratch_bytes;
  context.threads = conditions.threads;
  context.arena = conditions.arena;
  context.output_shape.reserve(COGWAY_MAX_NDIM);
  if (context.arena != nullptr) context.arena->used = 0;
  cogway_call call{sizeof(cogway_call), 1,        1,      k.n_params, &input, nullptr,
                   values.data(),       &context, nullptr};
  cogway_output_spec spec{};
  result.status = k.describe(&call, &spec);
  result.message = context.message;
  if (result.status != COGWAY_OK) return result;
  result.described = true;
  result.output.dtype = spec.dtype;
  result.output.shape.assign(spec.shape, spec.shape + spec.ndim);
  std::size_t bytes = spec.dtype.bits / 8;
  for (const std::int64_t n : result.output.shape) bytes *= static_cast<std::size_t>(n);
  result.output.bytes.assign(bytes, 0x5A);
  const cogway_view output = result.output.view();
  call.outputs = &output;
  if (conditions.around_run != nullptr) conditions.around_run(true);
  result.status = k.run(&call);
  if (conditions.around_run != nullptr) conditions.around_run(false);
  result.message = context.message;
  result.looks = context.looks;
  result.pieces = context.pieces;
  if ((spec.flags & COGWAY_OUTPUT_BOUND) != 0 && result.status == COGWAY_OK) {
    result.output.shape = context.output_shape;
    result.output.bytes.resize(static_cast<std::size_t>(context.output_shape.at(0)));
  }
  return result;
}

}  // namespace pack_host
