// SPDX-License-Identifier: Apache-2.0
#include "resample.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "resample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cogway_image {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Two neighbouring weights in every 32-bit lane.
template <class D16>
HWY_INLINE hn::Vec<D16> weight_pair(D16 d16, const std::int16_t* weights) {
  std::int32_t pair;
  std::memcpy(&pair, weights, sizeof(pair));
  return hn::BitCast(d16, hn::Set(hn::RepartitionToWide<D16>(), pair));
}

HWY_INLINE void blend_block(const std::uint8_t* const* rows, const std::int16_t* weights,
                            std::int32_t taps, int bits, std::int16_t* out, std::size_t i) {
  const hn::ScalableTag<std::int16_t> d16;
  const hn::Rebind<std::uint8_t, decltype(d16)> d8;
  const hn::RepartitionToWide<decltype(d16)> d32;
  auto low = hn::Set(d32, 1 << (bits - kRowBits - 1));
  auto high = low;
  auto low_rest = hn::Zero(d32);
  auto high_rest = hn::Zero(d32);
  for (std::int32_t k = 0; k < taps; k += 2) {
    const auto a = hn::PromoteTo(d16, hn::LoadU(d8, rows[k] + i));
    const auto b = hn::PromoteTo(d16, hn::LoadU(d8, rows[k + 1] + i));
    const auto w = weight_pair(d16, weights + k);
    low = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveLower(d16, a, b), w, low, low_rest);
    high = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveUpper(d16, a, b), w, high, high_rest);
  }
  low = hn::ShiftRightSame(hn::RearrangeToOddPlusEven(low, low_rest), bits - kRowBits);
  high = hn::ShiftRightSame(hn::RearrangeToOddPlusEven(high, high_rest), bits - kRowBits);
  hn::StoreU(hn::ReorderDemote2To(d16, low, high), d16, out + i);
}

void BlendRows(const std::uint8_t* const* rows, const std::int16_t* weights, std::int32_t taps,
               int bits, std::int16_t* out, std::size_t n) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<std::int16_t>());
  if (n >= lanes) {
    for (std::size_t i = 0; i < n; i += lanes) {
      // The last block overlaps the one before instead of reading past the rows.
      blend_block(rows, weights, taps, bits, out, i + lanes <= n ? i : n - lanes);
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    std::int32_t sum = 1 << (bits - kRowBits - 1);
    for (std::int32_t k = 0; k < taps; ++k) sum += rows[k][i] * weights[k];
    out[i] = static_cast<std::int16_t>(sum >> (bits - kRowBits));
  }
}

/// Bytes that bring (pixel, next pixel) of 16-bit channels together, channel by channel.
HWY_ALIGN constexpr std::uint8_t kPairs[3][16] = {
    {0, 1, 4, 5, 2, 3, 6, 7, 0, 1, 4, 5, 2, 3, 6, 7},
    {0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 0, 1, 6, 7},
    {0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15}};

void blend_gray(const std::int16_t* row, const Axis& axis, std::int32_t* out) {
  for (std::int64_t x = 0; x < axis.output; ++x) {
    const std::int16_t* const from = row + axis.first[x];
    const std::int16_t* const weights = axis.weights_of(x);
    std::int32_t sum = 0;
    for (std::int32_t k = 0; k < axis.taps; ++k) sum += from[k] * weights[k];
    out[x] = sum;
  }
}

template <int kChannels>
void blend_colour(const std::int16_t* row_a, const std::int16_t* row_b, const Axis& axis,
                  std::int32_t* out_a, std::int32_t* out_b) {
  const hn::FixedTag<std::int16_t, 8> d16;
  const hn::FixedTag<std::int32_t, 4> d32;
  const hn::FixedTag<std::uint8_t, 16> d8;
#if HWY_MAX_BYTES >= 32
  const hn::FixedTag<std::int16_t, 16> d16x2;
  const hn::FixedTag<std::int32_t, 8> d32x2;
  const hn::FixedTag<std::uint8_t, 32> d8x2;
  const auto order = hn::BitCast(d16x2, hn::LoadDup128(d8x2, kPairs[kChannels - 2]));
  for (std::int64_t x = 0; x < axis.output; ++x) {
    const std::ptrdiff_t at = std::ptrdiff_t{axis.first[x]} * kChannels;
    const std::int16_t* const weights = axis.weights_of(x);
    auto sum = hn::Zero(d32x2);
    auto rest = hn::Zero(d32x2);
    for (std::int32_t k = 0; k < axis.taps; k += 2) {
      const std::ptrdiff_t from = at + std::ptrdiff_t{k} * kChannels;
      const auto both =
          hn::Combine(d16x2, hn::LoadU(d16, row_b + from), hn::LoadU(d16, row_a + from));
      sum = hn::ReorderWidenMulAccumulate(d32x2, hn::TableLookupBytes(both, order),
                                          weight_pair(d16x2, weights + k), sum, rest);
    }
    sum = hn::RearrangeToOddPlusEven(sum, rest);
    hn::StoreU(hn::LowerHalf(d32, sum), d32, out_a + 4 * x);
    hn::StoreU(hn::UpperHalf(d32, sum), d32, out_b + 4 * x);
  }
  (void)d8;
#else
  const auto order = hn::BitCast(d16, hn::Load(d8, kPairs[kChannels - 2]));
  const auto blend_row = [&](const std::int16_t* row, std::int32_t* out) HWY_ATTR {
    for (std::int64_t x = 0; x < axis.output; ++x) {
      const std::int16_t* from = row + std::ptrdiff_t{axis.first[x]} * kChannels;
      const std::int16_t* const weights = axis.weights_of(x);
      auto sum = hn::Zero(d32);
      auto rest = hn::Zero(d32);
      for (std::int32_t k = 0; k < axis.taps; k += 2, from += 2 * kChannels) {
        sum = hn::ReorderWidenMulAccumulate(d32, hn::TableLookupBytes(hn::LoadU(d16, from), order),
                                            weight_pair(d16, weights + k), sum, rest);
      }
      hn::StoreU(hn::RearrangeToOddPlusEven(sum, rest), d32, out + 4 * x);
    }
  };
  blend_row(row_a, out_a);
  if (out_b != out_a) blend_row(row_b, out_b);
#endif
}

void BlendPixels(const std::int16_t* row_a, const std::int16_t* row_b, const Axis& axis,
                 std::int64_t channels, std::int32_t* out_a, std::int32_t* out_b) {
  switch (channels) {
    case 1:
      blend_gray(row_a, axis, out_a);
      if (out_b != out_a) blend_gray(row_b, axis, out_b);
      return;
    case 2:
      return blend_colour<2>(row_a, row_b, axis, out_a, out_b);
    case 3:
      return blend_colour<3>(row_a, row_b, axis, out_a, out_b);
    default:
      return blend_colour<4>(row_a, row_b, axis, out_a, out_b);
  }
}

/// One blended level to a byte.
HWY_INLINE std::uint8_t to_byte(std::int32_t level, int shift) {
  const std::int32_t v = (level + (1 << (shift - 1))) >> shift;
  return static_cast<std::uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
}

template <class V>
HWY_INLINE auto bytes_of(V levels, int shift) {
  const hn::DFromV<V> d32;
  const hn::Rebind<std::uint8_t, decltype(d32)> d8;
  const auto half = hn::Set(d32, 1 << (shift - 1));
  return hn::DemoteTo(d8, hn::ShiftRightSame(hn::Add(levels, half), shift));
}

void StoreBytes(const std::int32_t* pixels, std::size_t n, std::int64_t channels, int shift,
                bool planar, std::uint8_t* const* planes) {
  const hn::ScalableTag<std::int32_t> d32;
  const hn::Rebind<std::uint8_t, decltype(d32)> d8;
  const std::size_t lanes = hn::Lanes(d32);
  const std::size_t stride = blended_lanes(channels);
  std::size_t i = 0;
  if (channels == 1) {
    for (; i + lanes <= n; i += lanes) {
      hn::StoreU(bytes_of(hn::LoadU(d32, pixels + i), shift), d8, planes[0] + i);
    }
  } else if (channels >= 3) {
    for (; i + lanes <= n; i += lanes) {
      hn::Vec<decltype(d32)> v0, v1, v2, v3;
      hn::LoadInterleaved4(d32, pixels + 4 * i, v0, v1, v2, v3);
      const auto r = bytes_of(v0, shift);
      const auto g = bytes_of(v1, shift);
      const auto b = bytes_of(v2, shift);
      if (planar) {
        hn::StoreU(r, d8, planes[0] + i);
        hn::StoreU(g, d8, planes[1] + i);
        hn::StoreU(b, d8, planes[2] + i);
        if (channels == 4) hn::StoreU(bytes_of(v3, shift), d8, planes[3] + i);
      } else if (channels == 4) {
        hn::StoreInterleaved4(r, g, b, bytes_of(v3, shift), d8, planes[0] + 4 * i);
      } else {
        hn::StoreInterleaved3(r, g, b, d8, planes[0] + 3 * i);
      }
    }
  }
  const auto count = static_cast<std::size_t>(channels);
  for (; i < n; ++i) {
    for (std::size_t c = 0; c < count; ++c) {
      std::uint8_t* const to = planar ? planes[c] + i : planes[0] + count * i + c;
      *to = to_byte(pixels[stride * i + c], shift);
    }
  }
}

void StoreFloats(const std::int32_t* pixels, std::size_t n, std::int64_t channels,
                 const float* scale, const float* bias, bool planar, float* const* planes) {
  const hn::ScalableTag<std::int32_t> d32;
  const hn::RebindToFloat<decltype(d32)> df;
  const std::size_t lanes = hn::Lanes(d32);
  const std::size_t stride = blended_lanes(channels);
  std::size_t i = 0;
  const auto store = [&](hn::Vec<decltype(d32)> levels, std::size_t c, std::size_t at) HWY_ATTR {
    const auto value =
        hn::MulAdd(hn::ConvertTo(df, levels), hn::Set(df, scale[c]), hn::Set(df, bias[c]));
    hn::StoreU(value, df, planes[c] + at);
  };
  if (channels == 1) {
    for (; i + lanes <= n; i += lanes) store(hn::LoadU(d32, pixels + i), 0, i);
  } else if (planar && channels >= 3) {
    for (; i + lanes <= n; i += lanes) {
      hn::Vec<decltype(d32)> v0, v1, v2, v3;
      hn::LoadInterleaved4(d32, pixels + 4 * i, v0, v1, v2, v3);
      store(v0, 0, i);
      store(v1, 1, i);
      store(v2, 2, i);
      if (channels == 4) store(v3, 3, i);
    }
  } else if (!planar && n > 0) {
    const hn::FixedTag<std::int32_t, 4> d4;
    const hn::FixedTag<float, 4> df4;
    const auto scale4 = hn::LoadU(df4, scale);
    const auto bias4 = hn::LoadU(df4, bias);
    // Four floats a pixel, those too many overwritten by the next pixel; the last is stored apart.
    for (; i + 1 < n; ++i) {
      const auto levels = hn::ConvertTo(df4, hn::LoadU(d4, pixels + 4 * i));
      hn::StoreU(hn::MulAdd(levels, scale4, bias4), df4,
                 planes[0] + static_cast<std::size_t>(channels) * i);
    }
  }
  // The last ones go through a vector, too: fused multiply-add must not depend on where a pixel
  // lies.
  const auto count = static_cast<std::size_t>(channels);
  const hn::FixedTag<float, 1> df1;
  for (; i < n; ++i) {
    for (std::size_t c = 0; c < count; ++c) {
      const auto level = hn::Set(df1, static_cast<float>(pixels[stride * i + c]));
      const auto value = hn::MulAdd(level, hn::Set(df1, scale[c]), hn::Set(df1, bias[c]));
      float* const to = planar ? planes[c] + i : planes[0] + count * i + c;
      hn::StoreU(value, df1, to);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cogway_image
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cogway_image {

HWY_EXPORT(BlendRows);
HWY_EXPORT(BlendPixels);
HWY_EXPORT(StoreBytes);
HWY_EXPORT(StoreFloats);

void blend_rows(const std::uint8_t* const* rows, const std::int16_t* weights, std::int32_t taps,
                int bits, std::int16_t* out, std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(BlendRows)(rows, weights, taps, bits, out, n);
}

void blend_pixels(const std::int16_t* row_a, const std::int16_t* row_b, const Axis& axis,
                  std::int64_t channels, std::int32_t* out_a, std::int32_t* out_b) noexcept {
  HWY_DYNAMIC_DISPATCH(BlendPixels)(row_a, row_b, axis, channels, out_a, out_b);
}

void store_bytes(const std::int32_t* pixels, std::size_t n, std::int64_t channels, int shift,
                 bool planar, std::uint8_t* const* planes) noexcept {
  HWY_DYNAMIC_DISPATCH(StoreBytes)(pixels, n, channels, shift, planar, planes);
}

void store_floats(const std::int32_t* pixels, std::size_t n, std::int64_t channels,
                  const float* scale, const float* bias, bool planar,
                  float* const* planes) noexcept {
  HWY_DYNAMIC_DISPATCH(StoreFloats)(pixels, n, channels, scale, bias, planar, planes);
}

}  // namespace cogway_image
#endif  // HWY_ONCE
