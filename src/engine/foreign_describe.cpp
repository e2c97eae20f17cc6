// SPDX-License-Identifier: Apache-2.0
// A call of a foreign function before it is queued: what the names in shapes mean, whether the
// inputs are as declared, how large the outputs will be.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>

#include "cogway/bus/layout.hpp"
#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/engine/task_context.hpp"
#include "integer_range.hpp"

namespace cogway {
namespace {

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

std::string view_text(const cogway_view& view) {
  const auto dtype = std::bit_cast<DType>(view.dtype);
  return std::string(dtype.name()) + shape_text({view.shape, view.ndim});
}

bool is_c_contiguous(const cogway_view& view, std::int64_t itemsize) noexcept {
  std::int64_t expected = itemsize;
  for (std::uint32_t d = view.ndim; d-- > 0;) {
    if (view.shape[d] == 0) return true;
    if (view.shape[d] != 1 && view.strides[d] != expected) return false;
    expected *= view.shape[d];
  }
  return true;
}

/// Nothing of it is read, wherever it claims to lie.
bool is_empty(const cogway_view& view) noexcept {
  return std::ranges::find(view.shape, view.shape + view.ndim, 0) != view.shape + view.ndim;
}

/// The shape of a view in elements of `size` bytes, which is what structs come as: bytes, the last
/// dimension one struct, or a row of bytes as long as some structs. False: neither.
bool struct_shape(const cogway_view& view, std::size_t wanted_ndim, std::int64_t size,
                  std::int64_t* shape, std::uint32_t* ndim) noexcept {
  if (view.dtype.bits != 8 || view.ndim == 0) return false;
  const std::int64_t last = view.shape[view.ndim - 1];
  if (last == size && !(view.ndim == 1 && wanted_ndim == 1)) {
    *ndim = view.ndim - 1;
    std::copy_n(view.shape, *ndim, shape);
    return true;
  }
  if (view.ndim != 1 || last % size != 0) return false;
  *ndim = 1;
  shape[0] = last / size;
  return true;
}

}  // namespace

std::string ForeignKernel::wanted(const Operand& operand) const {
  std::string dims;
  for (const Dimension& dimension : operand.shape) {
    dims += (dims.empty() ? "" : ", ") + dimension.text();
  }
  std::string element(operand.dtype.name());
  if (operand.structure != nullptr) {
    CType type;
    type.kind = CKind::structure;
    type.structure = operand.structure;
    element = type.text();
  }
  return operand.name + ": " + element + "[" + dims + "]";
}

bool ForeignKernel::bind_input(const Operand& operand, const cogway_view& view, Values& values,
                               std::string* fault) const {
  const auto refuse = [&](const std::string& what) {
    if (fault != nullptr) *fault = what;
    return false;
  };
  const std::int64_t itemsize =
      operand.structure != nullptr ? operand.structure->size : operand.dtype.itemsize();
  std::int64_t shape[COGWAY_MAX_NDIM];
  std::uint32_t ndim = view.ndim;
  if (operand.structure != nullptr) {
    if (!struct_shape(view, operand.shape.size(), itemsize, shape, &ndim)) {
      return refuse("takes " + wanted(operand) + ", structs of " + std::to_string(itemsize) +
                    " bytes, not " + view_text(view));
    }
  } else {
    if (std::bit_cast<DType>(view.dtype) != operand.dtype) {
      return refuse("takes " + wanted(operand) + ", not " + view_text(view));
    }
    std::copy_n(view.shape, ndim, shape);
  }
  if (!operand.strided && !is_c_contiguous(view, view.dtype.bits * view.dtype.lanes / 8)) {
    return refuse("takes " + wanted(operand) + " in C order, and " + view_text(view) +
                  " has strides: make it contiguous first (numpy.ascontiguousarray, or core.copy)");
  }
  const std::uint32_t alignment =
      operand.structure != nullptr ? operand.structure->alignment : view.dtype.bits / 8u;
  if (!operand.strided && !is_empty(view) &&
      reinterpret_cast<std::uintptr_t>(view.data) % alignment != 0) {
    return refuse("'" + operand.name + "' does not lie at a multiple of " +
                  std::to_string(alignment) + " bytes, as C wants it: copy it (core.copy)");
  }
  const auto count = static_cast<std::uint32_t>(operand.shape.size());
  const bool open = operand.ellipsis >= 0;
  if (open ? ndim + 1 < count : ndim != count) {
    return refuse("takes " + wanted(operand) + ", not " + view_text(view));
  }
  const std::uint32_t open_ndim = open ? ndim + 1 - count : 0;
  std::uint32_t at = 0;
  for (std::uint32_t d = 0; d < count; ++d) {
    if (static_cast<std::int32_t>(d) == operand.ellipsis) {
      const std::span<const std::int64_t> given(shape + at, open_ndim);
      if ((values.known & 1u) == 0) {
        std::copy_n(given.data(), open_ndim, values.ellipsis);
        values.ellipsis_ndim = open_ndim;
        std::int64_t product = 1;
        for (const std::int64_t size : given) product *= size;
        values.numbers[kEllipsis] = product;
        values.known |= 1u;
      } else if (!std::ranges::equal(given, std::span(values.ellipsis, values.ellipsis_ndim))) {
        return refuse("'" + operand.name + "' has " + shape_text(given) + " where '...' is " +
                      shape_text({values.ellipsis, values.ellipsis_ndim}));
      }
      at += open_ndim;
      continue;
    }
    const Dimension& dimension = operand.shape[d];
    const std::int64_t size = shape[at++];
    if (const std::int32_t place = dimension.variable();
        place >= 0 && (values.known >> place & 1u) == 0) {
      values.numbers[static_cast<std::size_t>(place)] = size;
      values.known |= 1u << place;
      continue;
    }
    const auto expected = dimension.evaluate(values.numbers);
    if (expected != size) {
      return refuse("takes " + wanted(operand) + " and '" + dimension.text() + "' is " +
                    (expected ? std::to_string(*expected) : "no number") + ", not " +
                    std::to_string(size));
    }
  }
  return true;
}

bool ForeignKernel::bind(const cogway_call& call, Values& values, std::string* fault) const {
  values.known = 0;
  values.ellipsis_ndim = 0;
  values.numbers.fill(0);
  for (std::size_t i = 0; i < variable_of_.size(); ++i) {
    if (variable_of_[i] < 0) continue;
    values.numbers[static_cast<std::size_t>(variable_of_[i])] = call.params[i].as.i;
    values.known |= 1u << variable_of_[i];
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!bind_input(inputs_[i], call.inputs[i], values, fault)) return false;
  }
  return true;
}

int32_t ForeignKernel::describe_entry(const cogway_call* call, cogway_output_spec* outputs) {
  const auto& self = *static_cast<const ForeignKernel*>(call->data);
  try {
    return self.describe(*call, outputs);
  } catch (const std::exception& error) {  // memory for a message
    return static_cast<int32_t>(
        TaskContext::from(call->context).fail(StatusCode::resource_exhausted, error.what()));
  }
}

int32_t ForeignKernel::describe(const cogway_call& call, cogway_output_spec* outputs) const {
  TaskContext& context = TaskContext::from(call.context);
  const auto refuse = [&](const std::string& what) {
    return static_cast<int32_t>(context.fail(StatusCode::invalid_argument, what));
  };
  Values values;
  std::string fault;
  if (!bind(call, values, &fault)) return refuse(fault);
  for (const Move& move : moves_) {
    if (move.source != Source::dimension) continue;
    const Dimension& dimension = dimensions_[move.index];
    const auto number = dimension.evaluate(values.numbers);
    if (!number || !IntegerRange::of(move.type).has(*number)) {
      return refuse("'" + dimension.text() + "' is " +
                    (number ? std::to_string(*number) : "no number") + ", which " +
                    move.type.text() + " cannot hold");
    }
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Operand& operand = outputs_[i];
    cogway_output_spec& spec = outputs[i];
    spec.dtype = std::bit_cast<cogway_dtype>(operand.dtype);
    spec.ndim = 0;
    const auto add = [&](std::int64_t size) {
      if (spec.ndim < COGWAY_MAX_NDIM) spec.shape[spec.ndim] = size;
      ++spec.ndim;
    };
    for (std::size_t d = 0; d < operand.shape.size(); ++d) {
      if (static_cast<std::int32_t>(d) == operand.ellipsis) {
        for (std::uint32_t k = 0; k < values.ellipsis_ndim; ++k) add(values.ellipsis[k]);
        continue;
      }
      const auto size = operand.shape[d].evaluate(values.numbers);
      if (!size || *size < 0) {
        return refuse("gives " + wanted(operand) + ", but '" + operand.shape[d].text() + "' is " +
                      (size ? std::to_string(*size) : "no number"));
      }
      add(*size);
    }
    if (operand.structure != nullptr) add(operand.structure->size);
    if (spec.ndim > COGWAY_MAX_NDIM) {
      return refuse("gives " + wanted(operand) + ", which has more than 8 dimensions");
    }
  }
  return COGWAY_OK;
}

}  // namespace cogway
