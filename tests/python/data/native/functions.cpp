// SPDX-License-Identifier: Apache-2.0
// Functions as people have them: no cogway in them but for the last ones.
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "cogway/kernel_abi.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
struct Point {
  double x;
  std::int32_t n;
};
std::atomic<std::int64_t> marks{0};
std::atomic<int> gate{0};
std::atomic<int> held{0};
std::atomic<int> met{0};
std::atomic<int> both{0};

/// Whether it came true in time; nobody who waits here gives up the GIL, if they have it.
template <typename Condition>
bool wait_until(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}
}  // namespace

EXPORT void nothing() {}
EXPORT double power(double base, std::int64_t exponent) {
  double result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) result *= base;
  return result;
}
EXPORT void scale(const double* x, double* y, std::int64_t n, double factor) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = factor * x[i];
}
EXPORT void negate(float* x, std::int32_t n) {
  for (std::int32_t i = 0; i < n; ++i) x[i] = -x[i];
}
/// A matrix times a vector: three pointers, two sizes.
EXPORT void matvec(const double* a, const double* x, double* y, std::int64_t m, std::int64_t n) {
  for (std::int64_t i = 0; i < m; ++i) {
    y[i] = 0;
    for (std::int64_t k = 0; k < n; ++k) y[i] += a[i * n + k] * x[k];
  }
}
EXPORT double weighted(const Point* points, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += points[i].x * points[i].n;
  return sum;
}
EXPORT double by_value(Point point) { return point.x * point.n; }
EXPORT double nine(double a, double b, double c, double d, double e, double f, double g, double h,
                   double i) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}
EXPORT int status(int code) { return code; }
EXPORT double throws(double x) {
  if (x < 0) throw std::domain_error("a negative number");
  return x;
}
EXPORT void overruns(const std::uint8_t* x, std::uint8_t* y, std::int64_t n, std::int64_t by) {
  std::memcpy(y, x, static_cast<std::size_t>(n));
  std::memset(by < 0 ? y + by : y + n, 7, static_cast<std::size_t>(by < 0 ? -by : by));
}
EXPORT double user_data(double x, void* factor) { return x * *static_cast<double*>(factor); }

/// Counts a call, for whoever waits without Python.
EXPORT void mark() { marks.fetch_add(1); }
/// Waits until mark() and its like have been called so often; false: nobody came.
EXPORT bool wait_for_marks(std::int64_t count) {
  const bool came = wait_until([count] { return marks.load() >= count; });
  marks.store(0);
  return came;
}
/// Called with the GIL, through ctypes.PyDLL: stays until a call of meet() has begun after this one
/// and gone by. False: none has, as when meet() waits for the GIL.
EXPORT bool hold() {
  held.store(1);
  const bool came = wait_until([] { return met.load() == 1; });
  met.store(0);
  return came;
}
/// Returns x + 1, once another thread is in hold(); NaN when there is none.
EXPORT double meet(double x) {
  if (!wait_until([] { return held.exchange(0) == 1; })) return NAN;
  met.store(1);
  return x + 1;
}
EXPORT double meet_with(double x, void* more) { return meet(x) + *static_cast<double*>(more); }
/// Two callers wait here for each other; false: the other one did not come.
EXPORT bool meet_another() {
  const int arrived = both.fetch_add(1) + 1;
  return wait_until([arrived] { return both.load() >= arrived + arrived % 2; });
}
/// Stays until it is let out, whatever it is asked.
EXPORT void stuck() {
  marks.fetch_add(1);
  while (gate.load() == 0) {
  }
}
EXPORT void let_out(int out) { gate.store(out); }

// What follows is written for kernel_abi.h.

EXPORT int32_t polite(const cogway_host* host, cogway_context* context) {
  marks.fetch_add(1);
  while (host->cancelled(context) == 0) {
  }
  return host->fail(context, COGWAY_CANCELLED, "asked to stop");
}
EXPORT int32_t triple(const cogway_call* call) {
  const auto* x = static_cast<const char*>(call->inputs[0].data);
  auto* y = static_cast<std::int32_t*>(call->outputs[0].data);
  for (std::int64_t i = 0; i < call->inputs[0].shape[0]; ++i) {
    y[i] = 3 * *reinterpret_cast<const std::int32_t*>(x + i * call->inputs[0].strides[0]);
  }
  return COGWAY_OK;
}
EXPORT int32_t meet_call(const cogway_call* call) {
  auto* y = static_cast<double*>(call->outputs[0].data);
  *y = meet(*static_cast<const double*>(call->inputs[0].data));
  return COGWAY_OK;
}
static int32_t answer_describe(const cogway_call*, cogway_output_spec* output) {
  output->dtype = {COGWAY_INT, 32, 1};
  output->ndim = 1;
  output->shape[0] = 1;
  return COGWAY_OK;
}
static int32_t answer_run(const cogway_call* call) {
  *static_cast<std::int32_t*>(call->outputs[0].data) =
      *static_cast<const std::int32_t*>(call->data);
  return COGWAY_OK;
}
static const std::int32_t kAnswer = 42;
extern "C" __attribute__((visibility("default")))
const cogway_kernel answer_kernel = {sizeof(cogway_kernel),
                                     0,
                                     "native.answer",
                                     "Give a number.",
                                     "() -> i32[1]",
                                     0,
                                     0,
                                     1,
                                     0,
                                     nullptr,
                                     &answer_describe,
                                     &answer_run,
                                     &kAnswer};
static int32_t meet_describe(const cogway_call*, cogway_output_spec* output) {
  output->dtype = {COGWAY_FLOAT, 64, 1};
  output->ndim = 0;
  return COGWAY_OK;
}
extern "C" __attribute__((visibility("default")))
const cogway_kernel meet_kernel = {sizeof(cogway_kernel),
                                   0,
                                   "native.meet",
                                   "Meet the thread that holds the GIL.",
                                   "f64[] -> f64[]",
                                   1,
                                   1,
                                   1,
                                   0,
                                   nullptr,
                                   &meet_describe,
                                   &meet_call,
                                   nullptr};
