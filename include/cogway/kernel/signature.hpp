// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the type of a kernel's function to its inputs, outputs and parameters: what each argument
// is, and how it is made from a call.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cogway/kernel/call_context.hpp"
#include "cogway/kernel/status.hpp"
#include "cogway/kernel/view.hpp"
#include "cogway/kernel_abi.h"

#pragma GCC visibility push(hidden)
namespace cogway::kernel {

/// A parameter given as one of several words: its place among them.
struct Choice {
  std::int64_t index = 0;
};

namespace detail {

enum class Role { context, input, output, parameter };

/// What an argument of a kernel's function is. The general case is a parameter.
template <typename A>
struct Argument {
  static constexpr Role kRole = Role::parameter;
  static constexpr std::uint32_t kType =
      std::is_same_v<A, bool>                            ? COGWAY_PARAM_BOOL
      : std::is_same_v<A, Choice>                        ? COGWAY_PARAM_CHOICE
      : std::is_same_v<A, std::string_view>              ? COGWAY_PARAM_STRING
      : std::is_same_v<A, std::span<const std::int64_t>> ? COGWAY_PARAM_INTS
      : std::is_same_v<A, std::span<const double>>       ? COGWAY_PARAM_FLOATS
      : std::is_integral_v<A>                            ? COGWAY_PARAM_INT
      : std::is_floating_point_v<A>                      ? COGWAY_PARAM_FLOAT
                                                         : 0;
  static_assert(kType != 0,
                "an argument of a kernel is a Context&, an In or Out view, const cogway_view&, or "
                "a parameter: bool, an integer, a float, std::string_view, Choice, "
                "std::span<const std::int64_t> or std::span<const double>");

  static A make(const cogway_call& call, std::size_t place) {
    const cogway_value& value = call.params[place];
    if constexpr (kType == COGWAY_PARAM_FLOAT) {
      return static_cast<A>(value.as.f);
    } else if constexpr (kType == COGWAY_PARAM_STRING) {
      return {value.as.s, value.count};
    } else if constexpr (kType == COGWAY_PARAM_INTS) {
      return {value.as.ints, value.count};
    } else if constexpr (kType == COGWAY_PARAM_FLOATS) {
      return {value.as.floats, value.count};
    } else if constexpr (kType == COGWAY_PARAM_CHOICE) {
      return Choice{value.as.i};
    } else if constexpr (kType == COGWAY_PARAM_BOOL) {
      return value.as.i != 0;
    } else {
      if (!std::in_range<A>(value.as.i)) {
        throw Error(Code::invalid_argument,
                    "a parameter is " + std::to_string(value.as.i) + ", too large for its type");
      }
      return static_cast<A>(value.as.i);
    }
  }
};

template <>
struct Argument<Context&> {
  static constexpr Role kRole = Role::context;
};

template <typename T, std::size_t N>
struct Argument<View<const T, N>> {
  static constexpr Role kRole = Role::input;
  static void check(const cogway_call& call, std::size_t place) {
    const cogway_view& given = call.inputs[place];
    if (View<const T, N>::matches(given)) return;
    throw Error(Code::invalid_argument, "input " + std::to_string(place) + " must be " +
                                            name_of(dtype_of<T>(), N) + ", not " +
                                            name_of(given.dtype, given.ndim));
  }
  static View<const T, N> make(const cogway_call& call, std::size_t place) {
    return View<const T, N>(call.inputs[place]);
  }
};

/// An input of any kind: the kernel checks it itself.
template <>
struct Argument<const cogway_view&> {
  static constexpr Role kRole = Role::input;
  static void check(const cogway_call&, std::size_t) {}
  static const cogway_view& make(const cogway_call& call, std::size_t place) {
    return call.inputs[place];
  }
};

template <typename T, std::size_t N>
  requires(!std::is_const_v<T>)
struct Argument<View<T, N>> {
  static constexpr Role kRole = Role::output;
  using Element = T;
  static constexpr std::size_t kDims = N;
  static View<T, N> make(const cogway_call& call, std::size_t place) {
    return View<T, N>(call.outputs[place]);
  }
};

template <typename Function>
struct Signature;

/// A function's arguments, each with its place among those of its role.
template <typename R, typename... A>
struct Signature<R (*)(A...)> {
  using Arguments = std::tuple<A...>;
  static constexpr std::size_t kCount = sizeof...(A);
  static constexpr std::array<Role, kCount> kRoles{Argument<A>::kRole...};

  static constexpr std::size_t count(Role role, std::size_t before = kCount) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < before; ++i) found += kRoles[i] == role ? 1 : 0;
    return found;
  }
  template <std::size_t I>
  using At = Argument<std::tuple_element_t<I, Arguments>>;

  template <std::size_t I>
  static decltype(auto) make(const cogway_call& call, Context& context) {
    if constexpr (kRoles[I] == Role::context) {
      return static_cast<Context&>(context);
    } else {
      return At<I>::make(call, count(kRoles[I], I));
    }
  }

  /// Calls `function` with all arguments.
  template <typename Function>
  static decltype(auto) apply(Function function, const cogway_call& call, Context& context) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
      return function(make<I>(call, context)...);
    }(std::make_index_sequence<kCount>());
  }
  /// Throws an Error that says which input is not of the type that the function takes.
  static void check_inputs(const cogway_call& call) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (check_input<I>(call), ...);
    }(std::make_index_sequence<kCount>());
  }
  /// Calls `each` with the type and place of each output, then of each parameter.
  template <Role kWanted, typename Each>
  static void for_each(Each each) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit<kWanted, I>(each), ...);
    }(std::make_index_sequence<kCount>());
  }

 private:
  template <std::size_t I>
  static void check_input(const cogway_call& call) {
    if constexpr (kRoles[I] == Role::input) At<I>::check(call, count(Role::input, I));
  }
  template <Role kWanted, std::size_t I, typename Each>
  static void visit(Each& each) {
    if constexpr (kRoles[I] == kWanted) each(At<I>{}, count(kWanted, I));
  }
};

}  // namespace detail
}  // namespace cogway::kernel
#pragma GCC visibility pop
