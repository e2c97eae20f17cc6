// SPDX-License-Identifier: Apache-2.0
#pragma once
// Functions that know nothing of cogway, of every shape that an acceptor may meet, and what it
// takes to accept one in a test.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cogway/engine/foreign_kernel.hpp"
#include "test_kernels.hpp"

namespace foreign_test {

using namespace engine_test;
using Role = ForeignArgument::Role;

struct Point {
  double x, y;
};
struct Small {
  float a;
  std::int8_t b;
};

inline void nothing() {}
inline double power(double base, std::int64_t exponent) {
  double result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) result *= base;
  return result;
}
inline float halved(float x) { return x / 2; }
inline void scale(const double* x, double* y, std::int64_t n, double factor) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = factor * x[i];
}
inline void reverse(float* x, std::int32_t n) {
  for (std::int32_t i = 0; i < n / 2; ++i) std::swap(x[i], x[n - 1 - i]);
}
inline int status(int code) { return code; }
inline double throws(int kind) {
  if (kind == 0) throw std::runtime_error("the sky fell");
  throw 7;
}
/// More of both kinds than there are registers.
inline double many(std::int8_t a, std::int16_t b, std::int32_t c, std::int64_t d, std::uint8_t e,
                   std::uint16_t f, std::uint32_t g, std::uint64_t h, float i, double j, float k,
                   double l, float m, double n, float o, double p, float q, double r, bool s) {
  return a + b + c + static_cast<double>(d) + e + f + g + static_cast<double>(h) + i + j + k + l +
         m + n + o + p + q + r + (s ? 1 : 0);
}
inline double distance2(Point a, Point b) {
  return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
}
inline float small_sum(Small s) { return s.a + static_cast<float>(s.b); }
inline void shift(const Point* from, Point* to, std::int64_t n, double by) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = {from[i].x + by, from[i].y + by};
}
inline std::int8_t narrow(std::int8_t a) { return static_cast<std::int8_t>(-a); }
inline bool is_odd(std::uint32_t a) { return a % 2 != 0; }
inline int32_t polls(const cogway_host* host, cogway_context* context, const float* x, float* y,
                     std::int64_t n) {
  if (host->cancelled(context) != 0) return COGWAY_CANCELLED;
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] + 1;
  return n == 3 ? host->fail(context, COGWAY_DATA_LOSS, "three are too many") : COGWAY_OK;
}
inline int32_t of_call(const cogway_call* call) {
  const auto* x = static_cast<const float*>(call->inputs[0].data);
  auto* y = static_cast<float*>(call->outputs[0].data);
  for (std::int64_t i = 0; i < call->inputs[0].shape[0]; ++i) {
    y[i] = x[i * (call->inputs[0].strides[0] / 4)] * static_cast<float>(call->params[0].as.i);
  }
  return COGWAY_OK;
}
inline double sum_view(const cogway_view* view) {
  double sum = 0;
  const auto* at = static_cast<const char*>(view->data);
  for (std::int64_t i = 0; i < view->shape[0]; ++i) {
    sum += *reinterpret_cast<const double*>(at + i * view->strides[0]);
  }
  return sum;
}

/// An argument in a few words.
inline ForeignArgument in(std::vector<std::string> shape, std::string element = "") {
  return {Role::input, "", std::move(element), std::move(shape), "", {}};
}
inline ForeignArgument out(std::vector<std::string> shape, std::string element = "") {
  return {Role::output, "", std::move(element), std::move(shape), "", {}};
}
inline ForeignArgument inout(std::vector<std::string> shape) {
  return {Role::inout, "", "", std::move(shape), "", {}};
}
inline ForeignArgument scalar(std::string name = "") {
  return {Role::scalar, std::move(name), "", {}, "", {}};
}
inline ForeignArgument dimension(std::string expression) {
  return {Role::dimension, "", "", {}, std::move(expression), {}};
}

template <typename Function>
ForeignDeclaration declare(Function* function, const char* signature,
                           std::vector<ForeignArgument> arguments = {}) {
  ForeignDeclaration declaration;
  declaration.name = "test.foreign";
  declaration.pack = "test";
  declaration.function = reinterpret_cast<const void*>(function);
  const Status status = CSignature::parse(signature, &declaration.signature);
  if (!status.ok()) throw std::invalid_argument(status.message());
  declaration.conventional = arguments.empty();
  declaration.arguments = std::move(arguments);
  return declaration;
}

inline Layout layout(DType dtype, std::vector<std::int64_t> shape) {
  Layout made;
  if (!Layout::contiguous(dtype, shape, &made).ok()) throw std::invalid_argument("layout");
  return made;
}

template <typename T>
BufferRef filled(Engine& engine, DType dtype, std::vector<std::int64_t> shape,
                 const std::vector<T>& values) {
  BufferRef buffer = engine.bus().try_lease(layout(dtype, std::move(shape)));
  std::copy(values.begin(), values.end(), reinterpret_cast<T*>(buffer.mutable_data()));
  return buffer;
}

template <typename T>
std::vector<T> values(const BufferRef& buffer) {
  std::vector<T> result(static_cast<std::size_t>(buffer.nbytes()) / sizeof(T));
  std::memcpy(result.data(), buffer.data(), buffer.nbytes());
  return result;
}

}  // namespace foreign_test
