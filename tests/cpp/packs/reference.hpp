// SPDX-License-Identifier: Apache-2.0
#pragma once
// The image kernels' arithmetic once more, in doubles and in the plainest way: what the fast code
// is held against.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace reference {

struct Plane {
  int height = 0, width = 0;
  std::vector<double> values;

  [[nodiscard]] double& at(int y, int x) {
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
  [[nodiscard]] double at(int y, int x) const { return const_cast<Plane*>(this)->at(y, x); }
};

inline Plane make_plane(int height, int width) {
  return {height, width,
          std::vector<double>(static_cast<std::size_t>(height) * static_cast<std::size_t>(width))};
}

/// Channel c of packed pixels.
inline Plane channel(const std::vector<std::uint8_t>& pixels, int height, int width, int channels,
                     int c) {
  Plane p = make_plane(height, width);
  for (int i = 0; i < height * width; ++i) {
    p.values[static_cast<std::size_t>(i)] = pixels[static_cast<std::size_t>(i * channels + c)];
  }
  return p;
}

enum class Filter { nearest, bilinear, antialiased };

/// Weights of output sample i for input samples [0, input), of which [begin, end) is resized.
inline std::vector<double> weights(int input, double begin, double end, int output, int i,
                                   Filter filter) {
  std::vector<double> w(static_cast<std::size_t>(input), 0.0);
  const double scale = (end - begin) / output;
  const double centre = begin + (i + 0.5) * scale;
  if (filter == Filter::nearest) {
    double place = begin + 0.5 * scale;  // summed up: a tie is decided by how it is rounded
    for (int k = 0; k < i; ++k) place += scale;
    w[static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor(place)), 0, input - 1))] = 1;
    return w;
  }
  const double spread = filter == Filter::antialiased ? std::max(1.0, scale) : 1.0;
  double sum = 0;
  for (int k = 0; k < input; ++k) {
    const double distance = std::abs(k + 0.5 - centre) / spread;
    w[static_cast<std::size_t>(k)] = std::max(0.0, 1.0 - distance);
    sum += w[static_cast<std::size_t>(k)];
  }
  for (double& v : w) v /= sum;
  return w;
}

struct Box {
  double top, left, bottom, right;
};

/// Resized without any rounding.
inline Plane resize(const Plane& in, const Box& box, int height, int width, Filter filter) {
  Plane rows = make_plane(height, in.width);
  for (int y = 0; y < height; ++y) {
    const auto w = weights(in.height, box.top, box.bottom, height, y, filter);
    for (int k = 0; k < in.height; ++k) {
      const double weight = w[static_cast<std::size_t>(k)];
      if (weight == 0.0) continue;
      for (int x = 0; x < in.width; ++x) rows.at(y, x) += weight * in.at(k, x);
    }
  }
  Plane out = make_plane(height, width);
  for (int x = 0; x < width; ++x) {
    const auto w = weights(in.width, box.left, box.right, width, x, filter);
    for (int k = 0; k < in.width; ++k) {
      const double weight = w[static_cast<std::size_t>(k)];
      if (weight == 0.0) continue;
      for (int y = 0; y < height; ++y) out.at(y, x) += weight * rows.at(y, k);
    }
  }
  return out;
}

inline Plane resize(const Plane& in, int height, int width, Filter filter) {
  return resize(in, {0.0, 0.0, double(in.height), double(in.width)}, height, width, filter);
}

inline Plane cut(const Plane& in, int top, int left, int height, int width) {
  Plane out = make_plane(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) out.at(y, x) = in.at(top + y, left + x);
  }
  return out;
}

}  // namespace reference
