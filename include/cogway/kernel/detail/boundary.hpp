// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two functions that the engine calls, made from a kernel's C++ function: what is thrown inside
// becomes a status code here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>

#include "cogway/kernel/signature.hpp"

#pragma GCC visibility push(hidden)
namespace cogway::kernel::detail {

/// The shape of output `place`, where nothing else was said: that of the first input.
template <std::size_t N>
void shape_as_first_input(const cogway_call& call, std::size_t place, std::int64_t* shape) {
  if (call.n_inputs == 0 || call.inputs[0].ndim != N) {
    throw Error(Code::internal, "the shape of output " + std::to_string(place) +
                                    " is not that of input 0: say it with .shape<function>()");
  }
  for (std::size_t d = 0; d < N; ++d) shape[d] = call.inputs[0].shape[d];
}

template <typename S>
struct IsTuple : std::false_type {};
template <typename... S>
struct IsTuple<std::tuple<S...>> : std::true_type {};

template <std::size_t N, std::size_t M>
void copy_shape(const Shape<M>& from, std::int64_t* shape) {
  if constexpr (N == M) {
    for (std::size_t d = 0; d < N; ++d) shape[d] = from[d];
  } else {
    throw Error(Code::internal, "the shape function gives an output another number of dimensions");
  }
}

/// Output `place` of what a shape function returned.
template <std::size_t N, typename S>
void shape_of(const S& shapes, std::size_t place, std::int64_t* shape) {
  if constexpr (IsTuple<S>::value) {
    std::size_t i = 0;
    std::apply(
        [&](const auto&... one) { ((i++ == place ? copy_shape<N>(one, shape) : void()), ...); },
        shapes);
  } else {
    copy_shape<N>(shapes, shape);
  }
}
template <auto kFunction, auto kShape, bool kBound>
std::int32_t describe(const cogway_call* call, cogway_output_spec* outputs) noexcept {
  using Signed = Signature<decltype(kFunction)>;
  try {
    Signed::check_inputs(*call);
    Context context(call->context);
    const auto fill = [&](const auto& shapes) {
      Signed::template for_each<Role::output>([&]<typename A>(A, std::size_t place) {
        cogway_output_spec& spec = outputs[place];
        spec.ndim = static_cast<std::uint32_t>(A::kDims);
        spec.dtype = dtype_of<typename A::Element>();
        if constexpr (kBound) spec.flags = COGWAY_OUTPUT_BOUND;
        if constexpr (std::is_same_v<decltype(kShape), std::nullptr_t>) {
          shape_as_first_input<A::kDims>(*call, place, spec.shape);
        } else {
          shape_of<A::kDims>(shapes, place, spec.shape);
        }
      });
    };
    if constexpr (std::is_same_v<decltype(kShape), std::nullptr_t>) {
      fill(nullptr);
    } else {
      static_assert(Signature<decltype(kShape)>::count(Role::output) == 0,
                    "a shape function takes the inputs and parameters, and no output");
      fill(Signature<decltype(kShape)>::apply(kShape, *call, context));
    }
    return COGWAY_OK;
  } catch (...) {
    return caught(call->context);
  }
}

template <auto kFunction>
std::int32_t run(const cogway_call* call) noexcept {
  using Signed = Signature<decltype(kFunction)>;
  try {
    Context context(call->context);
    using Result = decltype(Signed::apply(kFunction, *call, context));
    if constexpr (std::is_void_v<Result>) {
      Signed::apply(kFunction, *call, context);
      return COGWAY_OK;
    } else {
      return finish(call->context, Status(Signed::apply(kFunction, *call, context)));
    }
  } catch (...) {
    return caught(call->context);
  }
}

}  // namespace cogway::kernel::detail
#pragma GCC visibility pop
