// SPDX-License-Identifier: Apache-2.0
#pragma once
// COGWAY_KERNEL: a C++ function as a kernel. Its inputs, outputs and parameters follow from its
// type; names, documentation, defaults and the shapes of outputs are said behind it.
//
//   void scale(Context& context, In<float, 1> from, Out<float, 1> to, double factor);
//   COGWAY_KERNEL("mine.scale", scale)
//       .doc("Multiply every item by a factor.")
//       .param("factor", 2.0, "what every item is multiplied by");

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "cogway/kernel/detail/boundary.hpp"
#include "cogway/kernel/signature.hpp"

#pragma GCC visibility push(hidden)
namespace cogway::kernel {
namespace detail {

/// What a pack keeps of one kernel; its texts and lists stay where they are for ever.
struct Entry {
  cogway_kernel kernel{};
  std::vector<cogway_param_spec> params;
  std::vector<std::uint32_t> param_types;  ///< as the function takes them
  std::deque<std::string> texts;
  std::deque<std::vector<const char*>> choices;
  std::string fault;  ///< why it cannot be registered

  const char* keep(std::string_view text) { return texts.emplace_back(text).c_str(); }
};

/// Every kernel of this pack, in order of declaration.
inline std::deque<Entry>& entries() {
  static auto* const all = new std::deque<Entry>();  // kernels may run at exit
  return *all;
}

}  // namespace detail

/// What COGWAY_KERNEL gives, to be added to; parameters are named in the order of the function's.
///
/// **Threads**: used while the pack is loaded. **Ownership**: refers to the pack's entry.
/// **Progress**: allocates. **Order**: none.
template <auto kFunction, auto kShape = nullptr, bool kBound = false>
class Declaration {
 public:
  explicit Declaration(detail::Entry& entry) : entry_(entry) {
    entry_.kernel.describe = &detail::describe<kFunction, kShape, kBound>;
  }

  Declaration& doc(std::string_view text) {
    entry_.kernel.doc = entry_.keep(text);
    return *this;
  }
  /// For people: "f32[n] -> f32[n]".
  Declaration& signature(std::string_view text) {
    entry_.kernel.signature = entry_.keep(text);
    return *this;
  }
  /// A function of the inputs and parameters that gives the shape of the output, or a tuple of
  /// them.
  template <auto kFunctionOfShape>
  auto shape() {
    return Declaration<kFunction, kFunctionOfShape, kBound>(entry_);
  }
  /// Shapes are upper bounds: the kernel calls Context::set_shape().
  auto bound() { return Declaration<kFunction, kShape, true>(entry_); }

  /// The next parameter, with its default.
  template <typename Default>
  Declaration& param(std::string_view name, const Default& value, std::string_view doc) {
    if (cogway_param_spec* spec = next(name, doc)) {
      spec->default_value.type = spec->type;
      if constexpr (std::is_convertible_v<Default, std::string_view>) {
        const std::string_view text = value;
        if (spec->type != COGWAY_PARAM_STRING) return misfit(name);
        spec->default_value.count = static_cast<std::uint32_t>(text.size());
        spec->default_value.as.s = entry_.keep(text);
      } else if (spec->type == COGWAY_PARAM_FLOAT) {
        spec->default_value.as.f = static_cast<double>(value);
      } else if (spec->type == COGWAY_PARAM_INT || spec->type == COGWAY_PARAM_BOOL) {
        if (!std::is_integral_v<Default>) return misfit(name);
        spec->default_value.as.i = static_cast<std::int64_t>(value);
      } else {
        return misfit(name);
      }
    }
    return *this;
  }
  /// The next parameter, which must be given.
  Declaration& required(std::string_view name, std::string_view doc) {
    if (cogway_param_spec* spec = next(name, doc)) spec->flags |= COGWAY_PARAM_REQUIRED;
    return *this;
  }
  /// The next parameter, a Choice: one of `words`, by default the first.
  Declaration& choice(std::string_view name, std::initializer_list<std::string_view> words,
                      std::string_view doc) {
    cogway_param_spec* spec = next(name, doc);
    if (spec == nullptr) return *this;
    if (spec->type != COGWAY_PARAM_CHOICE || words.size() == 0) return misfit(name);
    auto& list = entry_.choices.emplace_back();
    for (const std::string_view word : words) list.push_back(entry_.keep(word));
    list.push_back(nullptr);
    spec->choices = list.data();
    spec->default_value.type = COGWAY_PARAM_CHOICE;
    return *this;
  }
  /// Least and greatest value of the parameter named last.
  Declaration& range(double least, double greatest) {
    if (!entry_.params.empty()) {
      entry_.params.back().min_value = least;
      entry_.params.back().max_value = greatest;
    }
    return *this;
  }

 private:
  Declaration& misfit(std::string_view name) {
    entry_.fault = "parameter '" + std::string(name) + "' is of another type in the function";
    return *this;
  }
  cogway_param_spec* next(std::string_view name, std::string_view doc) {
    const std::size_t place = entry_.params.size();
    if (place == entry_.param_types.size()) {
      entry_.fault = "its function takes only " + std::to_string(place) + " parameters";
      return nullptr;
    }
    cogway_param_spec& spec = entry_.params.emplace_back();
    spec.size = sizeof(spec);
    spec.type = entry_.param_types[place];
    spec.name = entry_.keep(name);
    spec.doc = entry_.keep(doc);
    return &spec;
  }

  detail::Entry& entry_;
};

namespace detail {

template <auto kFunction>
Declaration<kFunction> declare(const char* name) {
  using Signed = Signature<decltype(kFunction)>;
  Entry& entry = entries().emplace_back();
  cogway_kernel& kernel = entry.kernel;
  kernel.size = sizeof(kernel);
  kernel.name = name;
  kernel.doc = kernel.signature = "";
  kernel.min_inputs = kernel.max_inputs = static_cast<std::uint32_t>(Signed::count(Role::input));
  kernel.n_outputs = static_cast<std::uint32_t>(Signed::count(Role::output));
  static_assert(Signed::count(Role::input) <= COGWAY_MAX_BUFFERS);
  static_assert(Signed::count(Role::output) <= COGWAY_MAX_BUFFERS);
  kernel.run = &run<kFunction>;
  Signed::template for_each<Role::parameter>(
      [&]<typename A>(A, std::size_t) { entry.param_types.push_back(A::kType); });
  return Declaration<kFunction>(entry);
}

}  // namespace detail
}  // namespace cogway::kernel
#pragma GCC visibility pop

#define COGWAY_KERNEL_JOIN_(a, b) a##b
#define COGWAY_KERNEL_NAME_(line) COGWAY_KERNEL_JOIN_(cogway_kernel_declared_, line)
/// At namespace scope: registers `function` with this pack, as the kernel `name`.
#define COGWAY_KERNEL(name, function)                                \
  [[maybe_unused]] static const auto COGWAY_KERNEL_NAME_(__LINE__) = \
      ::cogway::kernel::detail::declare<&function>(name)
