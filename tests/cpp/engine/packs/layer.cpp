// SPDX-License-Identifier: Apache-2.0
// A pack in C++ over cogway/kernel.hpp: every kind of argument, and every way of failing.
#include <cogway/kernel.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

using namespace cogway::kernel;

namespace {

// --- Arguments -----------------------------------------------------------------------------------

void scale(Context& context, In<float, 1> from, Out<float, 1> to, double factor) {
  context.parallel_for(from.extent(0), 100,
                       [&](std::int64_t i) { to[i] = static_cast<float>(from[i] * factor); });
}
COGWAY_KERNEL("layer.scale", scale)
    .doc("Multiply every item.")
    .signature("f32[n] -> f32[n]")
    .param("factor", 2, "what every item is multiplied by")
    .range(-100, 100);

Shape<0> no_shape(In<std::int32_t, 2>) { return {}; }
void sum(Context& context, In<std::int32_t, 2> from, Out<std::int64_t, 0> to) {
  to() = context.parallel_reduce(
      from.extent(0), 1, std::int64_t{0},
      [&](std::int64_t begin, std::int64_t end, std::int64_t& partial) {
        for (std::int64_t row = begin; row < end; ++row) {
          for (std::int64_t i = 0; i < from.extent(1); ++i) partial += from[row][i];
        }
      },
      [](std::int64_t& into, std::int64_t partial) { into += partial; });
}
COGWAY_KERNEL("layer.sum", sum).shape<no_shape>();

/// Two outputs of different ranks, and each kind of parameter.
std::tuple<Shape<1>, Shape<2>> made_shapes(std::string_view text,
                                           std::span<const std::int64_t> ints,
                                           std::span<const double>, bool, Choice,
                                           std::uint8_t small) {
  return {Shape<1>{static_cast<std::int64_t>(text.size() + ints.size())}, Shape<2>{small, 2}};
}
void make(Out<std::uint8_t, 1> bytes, Out<double, 2> table, std::string_view text,
          std::span<const std::int64_t> ints, std::span<const double> floats, bool flag,
          Choice mode, std::uint8_t small) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    bytes[static_cast<std::int64_t>(i)] = static_cast<std::uint8_t>(text[i]);
  }
  for (std::size_t i = 0; i < ints.size(); ++i) {
    bytes[static_cast<std::int64_t>(text.size() + i)] = static_cast<std::uint8_t>(ints[i]);
  }
  for (std::int64_t row = 0; row < small; ++row) {
    table(row, 0) = floats.empty() ? -1.0 : floats[0];
    table(row, 1) = static_cast<double>(mode.index) + (flag ? 100 : 0);
  }
}
COGWAY_KERNEL("layer.make", make)
    .shape<made_shapes>()
    .param("text", "abc", "bytes")
    .required("ints", "more bytes")
    .required("floats", "the first column")
    .param("flag", true, "adds 100")
    .choice("mode", {"slow", "fast"}, "how")
    .param("small", 2, "rows");

Shape<1> at_most(In<std::uint8_t, 1> from) { return from.shape(); }
void half(Context& context, In<std::uint8_t, 1> from, Out<std::uint8_t, 1> to) {
  const std::int64_t n = from.extent(0) / 2;
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
  context.set_shape(0, {n});
}
COGWAY_KERNEL("layer.half", half).shape<at_most>().bound();

Status any(const cogway_view& input) {
  if (input.ndim == 3) return {Code::unimplemented, "not in three dimensions"};
  return {};
}
COGWAY_KERNEL("layer.any", any);

Code whole(In<std::uint8_t, 1> from) {
  (void)from.span();
  return Code::ok;
}
COGWAY_KERNEL("layer.whole", whole);

void tell(Context& context, std::int64_t number) {
  const std::span<std::int64_t> room = context.scratch<std::int64_t>(10);
  room[9] = number;
  context.log(20, "a line");
  if (const Code code = context.post("layer", room[9]); code != Code::ok) throw Error(code, "lost");
}
COGWAY_KERNEL("layer.tell", tell).param("number", 5, "what is posted");

// --- Failures ------------------------------------------------------------------------------------

struct Odd {};
void fail(Context& context, std::string_view how) {
  if (how == "error") throw Error(Code::data_loss, "corrupt");
  if (how == "argument") throw std::invalid_argument("bad argument");
  if (how == "range") throw std::out_of_range("out of range");
  if (how == "memory") (void)context.scratch<char>(std::size_t{1} << 62);
  if (how == "logic") throw std::logic_error("wrong");
  if (how == "odd") throw Odd{};
  if (how == "body") {
    context.parallel_for(1000, 1, [](std::int64_t begin, std::int64_t end) {
      if (begin <= 500 && end > 500) throw Error(Code::not_found, "500 is missing");
    });
  }
  if (how == "combine") {
    (void)context.parallel_reduce(
        10, 1, 0, [](std::int64_t, std::int64_t, int&) {},
        [](int&, int) { throw std::runtime_error("cannot add"); });
  }
  if (how == "check") context.check();
}
COGWAY_KERNEL("layer.fail", fail).required("how", "which way");

}  // namespace

COGWAY_PACK("layer", "1.0");
