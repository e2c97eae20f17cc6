// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/kernel.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/engine/kernel_owner.hpp"
#include "cogway/engine/params.hpp"

namespace cogway {
namespace {

/// Fields that a kernel or parameter must at least have; all of version 1 of the ABI.
constexpr std::size_t kKernelSize = offsetof(cogway_kernel, data);
constexpr std::size_t kParamSize = sizeof(cogway_param_spec);

bool is_kernel_name(std::string_view name) {
  bool word_begins = true;
  bool dotted = false;
  for (char c : name) {
    if (c == '.') {
      if (word_begins) return false;
      word_begins = dotted = true;
    } else if (c >= 'a' && c <= 'z') {
      word_begins = false;
    } else if ((c >= '0' && c <= '9') || c == '_') {
      if (word_begins) return false;
    } else {
      return false;
    }
  }
  return dotted && !word_begins && name.size() <= 63;
}

bool is_identifier(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// Entry i of an array whose elements are as large as the pack's writer knew them.
const cogway_param_spec& param_at(const cogway_kernel& kernel, std::uint32_t i) {
  const auto* base = reinterpret_cast<const std::byte*>(kernel.params);
  return *reinterpret_cast<const cogway_param_spec*>(base + std::size_t{kernel.params->size} * i);
}

std::string param_fault(const cogway_param_spec& spec) {
  if (spec.name == nullptr || !is_identifier(spec.name)) return "has no name that is an identifier";
  if (spec.type < COGWAY_PARAM_BOOL || spec.type > COGWAY_PARAM_CHOICE)
    return "has an unknown type";
  if (spec.type == COGWAY_PARAM_CHOICE && (spec.choices == nullptr || spec.choices[0] == nullptr)) {
    return "is a CHOICE without choices";
  }
  if (spec.default_value.type != 0 && spec.default_value.type != spec.type) {
    return "has a default of another type";
  }
  if (spec.max_count != 0 && spec.max_count < spec.min_count)
    return "has max_count below min_count";
  if (spec.max_value < spec.min_value) return "has max_value below min_value";
  if ((spec.flags & COGWAY_PARAM_REQUIRED) != 0 && spec.default_value.type != 0) {
    return "is required and has a default";
  }
  return {};
}

std::string text(const char* value) { return value == nullptr ? std::string() : value; }

}  // namespace

Status Kernel::check(const cogway_kernel& kernel, std::string_view pack) {
  const std::string where = "pack '" + std::string(pack) + "': ";
  if (kernel.size < kKernelSize) {
    return {StatusCode::failed_precondition,
            where + "a kernel is declared with size " + std::to_string(kernel.size) +
                ", less than the " + std::to_string(kKernelSize) +
                " bytes of this ABI: set .size = sizeof(cogway_kernel) and rebuild"};
  }
  if (kernel.name == nullptr || !is_kernel_name(kernel.name)) {
    return {StatusCode::invalid_argument,
            where + "'" + text(kernel.name) +
                "' is no kernel name: lower-case words joined by dots, such as 'image.decode'"};
  }
  const auto fault = [&](const std::string& what) {
    return Status(StatusCode::invalid_argument, where + "kernel '" + kernel.name + "' " + what);
  };
  if (kernel.run == nullptr) return fault("has no run function");
  if (kernel.max_inputs > COGWAY_MAX_BUFFERS || kernel.min_inputs > kernel.max_inputs) {
    return fault("takes " + std::to_string(kernel.min_inputs) + " to " +
                 std::to_string(kernel.max_inputs) + " inputs; 0 to 8 are possible");
  }
  if (kernel.n_outputs > COGWAY_MAX_BUFFERS) return fault("has more than 8 outputs");
  if (kernel.n_outputs != 0 && kernel.describe == nullptr) {
    return fault("has outputs but no describe function");
  }
  if (kernel.n_params > ParamValues::kMaxParams) {
    return fault("has more than " + std::to_string(ParamValues::kMaxParams) + " parameters");
  }
  if (kernel.n_params != 0 && kernel.params == nullptr)
    return fault("declares parameters but has none");
  if (kernel.n_params != 0 && kernel.params->size < kParamSize) {
    return fault("declares parameters of size " + std::to_string(kernel.params->size) +
                 ": set .size = sizeof(cogway_param_spec) and rebuild");
  }
  for (std::uint32_t i = 0; i < kernel.n_params; ++i) {
    const cogway_param_spec& spec = param_at(kernel, i);
    if (std::string what = param_fault(spec); !what.empty()) {
      return fault("parameter " + std::to_string(i) + " ('" + text(spec.name) + "') " + what);
    }
    for (std::uint32_t other = 0; other < i; ++other) {
      if (std::strcmp(param_at(kernel, other).name, spec.name) == 0) {
        return fault("declares parameter '" + text(spec.name) + "' twice");
      }
    }
  }
  return {};
}

Kernel::Kernel(const cogway_kernel& kernel, std::string_view pack, std::uint32_t id)
    : name_(kernel.name),
      doc_(text(kernel.doc)),
      signature_(text(kernel.signature)),
      pack_(pack),
      id_(id),
      flags_(kernel.flags),
      min_inputs_(kernel.min_inputs),
      max_inputs_(kernel.max_inputs),
      n_outputs_(kernel.n_outputs),
      describe_(kernel.describe),
      run_(kernel.run),
      data_(kernel.size > kKernelSize ? kernel.data : nullptr) {
  for (std::uint32_t i = 0; i < kernel.n_params; ++i) {
    params_.push_back(param_at(kernel, i));
    needs_params_ |= (params_.back().flags & COGWAY_PARAM_REQUIRED) != 0;
  }
  for (const cogway_param_spec& spec : params_) defaults_.push_back(spec.default_value);
}

Kernel::Kernel(const cogway_kernel& kernel, std::string_view pack, std::uint32_t id,
               std::unique_ptr<const ForeignKernel> foreign, std::unique_ptr<KernelOwner> owner)
    : Kernel(kernel, pack, id) {
  foreign_ = std::move(foreign);
  owner_ = std::move(owner);
}

Kernel::~Kernel() = default;

std::optional<std::size_t> Kernel::param_index(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < params_.size(); ++i) {
    if (name == params_[i].name) return i;
  }
  return std::nullopt;
}

void Kernel::learn(std::int64_t duration_ns) noexcept {
  // order: relaxed, a lost update is a lost sample
  const std::int64_t old = expected_ns_.load(std::memory_order_relaxed);
  const std::int64_t next = old == 0 ? duration_ns : old + (duration_ns - old) / 8;
  // order: relaxed, as above
  expected_ns_.store(next > 0 ? next : 1, std::memory_order_relaxed);
}

std::string Kernel::input_range() const {
  std::string text = std::to_string(min_inputs_);
  if (max_inputs_ != min_inputs_) text += " to " + std::to_string(max_inputs_);
  return text + (max_inputs_ == 1 ? " input" : " inputs");
}

}  // namespace cogway
