// SPDX-License-Identifier: Apache-2.0
#include "pixels.hpp"

// Debian 12's Highway builds for processors with VBMI only where it is asked to.
#define HWY_WANT_AVX3_DL 1
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pixels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cogway_image {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE std::uint8_t gray_of(const std::uint8_t* p) {
  return static_cast<std::uint8_t>((77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8);
}

template <class D8, class V>
HWY_INLINE V gray_vector(D8 d8, V r, V g, V b) {
  // The even and the odd bytes of each vector as 16-bit lanes: no lane crosses, and 65,408 still
  // fits.
  const hn::RepartitionToWide<D8> d16;
  const auto even_bytes = hn::Set(d16, 0x00FF);
  const auto weigh = [&](auto r16, auto g16, auto b16) HWY_ATTR {
    const auto sum =
        hn::Add(hn::Add(hn::Mul(r16, hn::Set(d16, 77)), hn::Mul(g16, hn::Set(d16, 150))),
                hn::Add(hn::Mul(b16, hn::Set(d16, 29)), hn::Set(d16, 128)));
    return sum;
  };
  const auto r16 = hn::BitCast(d16, r);
  const auto g16 = hn::BitCast(d16, g);
  const auto b16 = hn::BitCast(d16, b);
  const auto even =
      weigh(hn::And(r16, even_bytes), hn::And(g16, even_bytes), hn::And(b16, even_bytes));
  const auto odd = weigh(hn::ShiftRight<8>(r16), hn::ShiftRight<8>(g16), hn::ShiftRight<8>(b16));
  return hn::BitCast(d8, hn::Or(hn::ShiftRight<8>(even), hn::AndNot(even_bytes, odd)));
}

#undef COGWAY_IMAGE_SPREADS_BYTES  // this file is read once for every target
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3_DL
#define COGWAY_IMAGE_SPREADS_BYTES 1
/// 64 packed RGB pixels: each becomes the four bytes R G G B, weighed with 77 51 99 29 and added
/// up. (150 is more than a signed byte holds; split so, no sum of two exceeds 16 signed bits.)
HWY_INLINE __m512i gray_of_64(const std::uint8_t* p) {
  alignas(64) static constexpr struct Order {
    std::uint8_t spread[2][64];  // R G G B of 16 pixels that begin at byte 0, or at byte 16
    std::uint8_t second[64];     // byte 1 of each 32-bit lane of two vectors
    constexpr Order() : spread{}, second{} {
      for (std::uint8_t i = 0; i < 64; ++i) {
        const auto first = static_cast<std::uint8_t>(i / 4 * 3 + (i % 4 + 1) / 2);
        spread[0][i] = first;
        spread[1][i] = static_cast<std::uint8_t>(first + 16);
        second[i] = static_cast<std::uint8_t>(i < 32 ? 4 * i + 1 : 0);
      }
    }
  } kOrder;
  const __m512i weights = _mm512_set1_epi32(77 | 51 << 8 | 99 << 16 | 29 << 24);
  const auto weigh = [&](const std::uint8_t* from, const std::uint8_t* spread) HWY_ATTR {
    const __m512i rggb =
        _mm512_permutexvar_epi8(_mm512_load_si512(spread), _mm512_loadu_si512(from));
    const __m512i pairs = _mm512_maddubs_epi16(rggb, weights);
    return _mm512_add_epi32(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)), _mm512_set1_epi32(128));
  };
  const __m512i second = _mm512_load_si512(kOrder.second);
  // The last 16 pixels are read from 16 bytes before them: nothing beyond the 192 is touched.
  const __m512i low =
      _mm512_permutex2var_epi8(weigh(p, kOrder.spread[0]), second, weigh(p + 48, kOrder.spread[0]));
  const __m512i high = _mm512_permutex2var_epi8(weigh(p + 96, kOrder.spread[0]), second,
                                                weigh(p + 128, kOrder.spread[1]));
  return _mm512_inserti64x4(low, _mm512_castsi512_si256(high), 1);
}
#else
#define COGWAY_IMAGE_SPREADS_BYTES 0
#endif

template <bool kPastCache>
HWY_INLINE void to_gray_any(const std::uint8_t* pixels, std::size_t channels, std::uint8_t* out,
                            std::size_t n) {
  const hn::ScalableTag<std::uint8_t> d8;
  const std::size_t lanes = hn::Lanes(d8);
  std::size_t i = 0;
  if constexpr (kPastCache) {  // such stores are of whole, aligned vectors only
    for (; i < n && reinterpret_cast<std::uintptr_t>(out + i) % lanes != 0; ++i) {
      out[i] = gray_of(pixels + channels * i);
    }
  }
#if COGWAY_IMAGE_SPREADS_BYTES
  for (; channels == 3 && i + 64 <= n; i += 64) {
    const hn::Vec<decltype(d8)> gray{gray_of_64(pixels + 3 * i)};
    if constexpr (kPastCache) {
      hn::Stream(gray, d8, out + i);
    } else {
      hn::StoreU(gray, d8, out + i);
    }
  }
#endif
  for (; i + lanes <= n; i += lanes) {
    hn::Vec<decltype(d8)> r, g, b, a;
    if (channels == 3) {
      hn::LoadInterleaved3(d8, pixels + 3 * i, r, g, b);
    } else {
      hn::LoadInterleaved4(d8, pixels + 4 * i, r, g, b, a);
    }
    if constexpr (kPastCache) {
      hn::Stream(gray_vector(d8, r, g, b), d8, out + i);
    } else {
      hn::StoreU(gray_vector(d8, r, g, b), d8, out + i);
    }
  }
  for (; i < n; ++i) out[i] = gray_of(pixels + channels * i);
}

void ToGray(const std::uint8_t* pixels, std::size_t channels, std::uint8_t* out, std::size_t n) {
  to_gray_any<false>(pixels, channels, out, n);
}

void ToGrayPastCache(const std::uint8_t* pixels, std::size_t channels, std::uint8_t* out,
                     std::size_t n) {
  to_gray_any<true>(pixels, channels, out, n);
  hwy::FlushStream();  // before anybody is told that the pixels are there
}

template <class DF>
HWY_INLINE hn::Vec<DF> load_floats(DF df, const std::uint8_t* in) {
  const hn::RebindToSigned<DF> d32;
  const hn::Rebind<std::uint8_t, DF> d8;
  return hn::ConvertTo(df, hn::PromoteTo(d32, hn::LoadU(d8, in)));
}
template <class DF>
HWY_INLINE hn::Vec<DF> load_floats(DF df, const float* in) {
  return hn::LoadU(df, in);
}

template <typename T>
HWY_INLINE void scale_any(const T* in, float scale, float bias, float* out, std::size_t n) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  const auto s = hn::Set(df, scale);
  const auto b = hn::Set(df, bias);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(load_floats(df, in + i), s, b), df, out + i);
  }
  // Through a vector of one: whether multiply and add are fused must not depend on the place.
  const hn::FixedTag<float, 1> d1;
  for (; i < n; ++i) {
    const auto v = hn::Set(d1, static_cast<float>(in[i]));
    hn::StoreU(hn::MulAdd(v, hn::Set(d1, scale), hn::Set(d1, bias)), d1, out + i);
  }
}

void ScaleBytes(const std::uint8_t* in, float scale, float bias, float* out, std::size_t n) {
  scale_any(in, scale, bias, out, n);
}
void ScaleFloats(const float* in, float scale, float bias, float* out, std::size_t n) {
  scale_any(in, scale, bias, out, n);
}

template <class DF>
HWY_INLINE void load_rgb(DF df, const std::uint8_t* in, hn::Vec<DF>& r, hn::Vec<DF>& g,
                         hn::Vec<DF>& b) {
  const hn::RebindToSigned<DF> d32;
  const hn::Rebind<std::uint8_t, DF> d8;
  hn::Vec<decltype(d8)> r8, g8, b8;
  hn::LoadInterleaved3(d8, in, r8, g8, b8);
  r = hn::ConvertTo(df, hn::PromoteTo(d32, r8));
  g = hn::ConvertTo(df, hn::PromoteTo(d32, g8));
  b = hn::ConvertTo(df, hn::PromoteTo(d32, b8));
}
template <class DF>
HWY_INLINE void load_rgb(DF df, const float* in, hn::Vec<DF>& r, hn::Vec<DF>& g, hn::Vec<DF>& b) {
  hn::LoadInterleaved3(df, in, r, g, b);
}

template <typename T>
HWY_INLINE void scale_rgb(const T* in, const float* scale, const float* bias, bool planar,
                          float* const* planes, std::size_t n) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::Vec<decltype(df)> r, g, b;
    load_rgb(df, in + 3 * i, r, g, b);
    r = hn::MulAdd(r, hn::Set(df, scale[0]), hn::Set(df, bias[0]));
    g = hn::MulAdd(g, hn::Set(df, scale[1]), hn::Set(df, bias[1]));
    b = hn::MulAdd(b, hn::Set(df, scale[2]), hn::Set(df, bias[2]));
    if (planar) {
      hn::StoreU(r, df, planes[0] + i);
      hn::StoreU(g, df, planes[1] + i);
      hn::StoreU(b, df, planes[2] + i);
    } else {
      hn::StoreInterleaved3(r, g, b, df, planes[0] + 3 * i);
    }
  }
  const hn::FixedTag<float, 1> d1;
  for (; i < n; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      const auto v = hn::Set(d1, static_cast<float>(in[3 * i + c]));
      float* const to = planar ? planes[c] + i : planes[0] + 3 * i + c;
      hn::StoreU(hn::MulAdd(v, hn::Set(d1, scale[c]), hn::Set(d1, bias[c])), d1, to);
    }
  }
}

void ScaleRgbBytes(const std::uint8_t* in, const float* scale, const float* bias, bool planar,
                   float* const* planes, std::size_t n) {
  scale_rgb(in, scale, bias, planar, planes, n);
}
void ScaleRgbFloats(const float* in, const float* scale, const float* bias, bool planar,
                    float* const* planes, std::size_t n) {
  scale_rgb(in, scale, bias, planar, planes, n);
}

}  // namespace HWY_NAMESPACE
}  // namespace cogway_image
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cogway_image {

HWY_EXPORT(ToGray);
HWY_EXPORT(ToGrayPastCache);
HWY_EXPORT(ScaleBytes);
HWY_EXPORT(ScaleFloats);
HWY_EXPORT(ScaleRgbBytes);
HWY_EXPORT(ScaleRgbFloats);

void to_gray(const std::uint8_t* pixels, std::size_t channels, std::uint8_t* out, std::size_t n,
             bool past_cache) noexcept {
  if (past_cache) {
    HWY_DYNAMIC_DISPATCH(ToGrayPastCache)(pixels, channels, out, n);
  } else {
    HWY_DYNAMIC_DISPATCH(ToGray)(pixels, channels, out, n);
  }
}

void scale_bytes(const std::uint8_t* in, float scale, float bias, float* out,
                 std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleBytes)(in, scale, bias, out, n);
}

void scale_floats(const float* in, float scale, float bias, float* out, std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleFloats)(in, scale, bias, out, n);
}

void scale_rgb_bytes(const std::uint8_t* in, const float* scale, const float* bias, bool planar,
                     float* const* planes, std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleRgbBytes)(in, scale, bias, planar, planes, n);
}

void scale_rgb_floats(const float* in, const float* scale, const float* bias, bool planar,
                      float* const* planes, std::size_t n) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleRgbFloats)(in, scale, bias, planar, planes, n);
}

}  // namespace cogway_image
#endif  // HWY_ONCE
