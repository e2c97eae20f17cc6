// SPDX-License-Identifier: Apache-2.0
#include "axis.hpp"

#include <algorithm>
#include <cmath>

namespace cogway_image {
namespace {

constexpr int kLeastBits = 14;  // a weight of one still fits 16 bits

struct Span {
  std::int64_t first;
  std::int64_t count;
};

/// The triangle around one output sample, as Pillow lays it.
struct Triangle {
  double scale;   // input samples for each output sample
  double spread;  // half width of the triangle

  [[nodiscard]] double centre(const AxisRequest& r, std::int64_t i) const noexcept {
    return r.begin + (static_cast<double>(i) + 0.5) * scale;
  }
  [[nodiscard]] Span span(const AxisRequest& r, double centre) const noexcept {
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - spread + 0.5));
    const auto last =
        std::min<std::int64_t>(r.input, static_cast<std::int64_t>(centre + spread + 0.5));
    return {std::min(first, r.input - 1), std::max<std::int64_t>(1, last - first)};
  }
};

/// Weights that add up to exactly 1 << bits: flat areas stay flat. The heaviest takes the
/// remainder.
void quantise(const double* weights, std::int64_t count, double sum, int bits, std::int16_t* out) {
  const double unit = static_cast<double>(1 << bits) / sum;
  std::int32_t left = 1 << bits;
  std::int64_t heaviest = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto w = static_cast<std::int32_t>(weights[k] * unit + 0.5);
    out[k] = static_cast<std::int16_t>(w);
    left -= w;
    if (weights[k] > weights[heaviest]) heaviest = k;
  }
  out[heaviest] = static_cast<std::int16_t>(out[heaviest] + left);
}

void fill_nearest(const AxisRequest& r, std::int32_t* first, std::int16_t* weights) {
  const double scale = (r.end - r.begin) / static_cast<double>(r.output);
  // Summed up as Pillow does: where a centre falls between two pixels, its rounding decides.
  double centre = r.begin + 0.5 * scale;
  for (std::int64_t i = 0; i < r.output; ++i, centre += scale) {
    const auto at = static_cast<std::int64_t>(std::floor(centre));
    const std::int64_t place = r.reversed ? r.output - 1 - i : i;
    first[place] = static_cast<std::int32_t>(std::clamp<std::int64_t>(at, 0, r.input - 1));
    weights[2 * place] = 1 << kLeastBits;
    weights[2 * place + 1] = 0;
  }
}

}  // namespace

std::int32_t make_axis(const Call& call, const AxisRequest& request, Axis* axis) {
  const AxisRequest& r = request;
  const double scale = (r.end - r.begin) / static_cast<double>(r.output);
  const double spread = r.filter == Filter::antialiased ? std::max(scale, 1.0) : 1.0;
  const Triangle triangle{scale, spread};
  std::int64_t taps = 2;
  int bits = kLeastBits;
  if (r.filter != Filter::nearest) {
    // No more whole numbers lie in an interval of length 2 * spread; one more, let in by rounding,
    // would weigh nothing.
    taps = std::min<std::int64_t>(static_cast<std::int64_t>(std::ceil(2 * spread)), r.input);
    taps += taps & 1;
    // The heaviest weight is at most about 1 / spread; where spans are clipped it may be twice
    // that.
    while (bits < r.most_bits && static_cast<double>(1 << (bits + 1)) * 2.2 / spread < 32767) {
      ++bits;
    }
  }
  const auto count = static_cast<std::size_t>(r.output);
  auto* const first = call.scratch_of<std::int32_t>(count);
  auto* const weights = call.scratch_of<std::int16_t>(count * static_cast<std::size_t>(taps));
  auto* const exact = call.scratch_of<double>(static_cast<std::size_t>(taps));
  if (first == nullptr || weights == nullptr || exact == nullptr) {
    return call.out_of_scratch(count * static_cast<std::size_t>(taps) * sizeof(std::int16_t));
  }
  *axis = {r.output, static_cast<std::int32_t>(taps), bits, first, weights};
  if (r.filter == Filter::nearest) {
    fill_nearest(r, first, weights);
    return COGWAY_OK;
  }
  for (std::int64_t i = 0; i < r.output; ++i) {
    const double centre = triangle.centre(r, i);
    const Span span = triangle.span(r, centre);
    const std::int64_t used = std::min(span.count, taps);
    double sum = 0;
    for (std::int64_t k = 0; k < used; ++k) {
      const double at = std::abs((static_cast<double>(span.first + k) - centre + 0.5) / spread);
      exact[k] = at < 1.0 ? 1.0 - at : 0.0;
      sum += exact[k];
    }
    if (sum <= 0.0) {  // a part narrower than the grid: its nearest sample
      exact[0] = sum = 1.0;
      std::fill(exact + 1, exact + used, 0.0);
    }
    const std::int64_t place = r.reversed ? r.output - 1 - i : i;
    std::int16_t* const out = weights + place * taps;
    std::fill(out, out + taps, std::int16_t{0});
    quantise(exact, used, sum, bits, out);
    first[place] = static_cast<std::int32_t>(span.first);
  }
  return COGWAY_OK;
}

}  // namespace cogway_image
