// SPDX-License-Identifier: Apache-2.0
// What memory allows: two pinned threads read three bytes for every byte that they write, over
// frames that no cache holds, and compute next to nothing. `--work gray` computes the luma too, as
// a plain loop for the compiler. Each line on standard input is a number of frames; the answer is
// one JSON line.
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#if defined(__AVX512BW__) || defined(__SSE2__)
#include <immintrin.h>
#endif

namespace {

constexpr std::size_t kPixels = std::size_t{3840} * 2160;
constexpr std::size_t kFrames = 4;  // input and output: 133 MB, beyond any share of a cache
constexpr std::size_t kBlock = 64;
constexpr std::size_t kMaxThreads = 64;

using Work = void (*)(const std::uint8_t* in, std::uint8_t* out, std::size_t pixels);

void touch(const std::uint8_t* in, std::uint8_t* out, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; i += kBlock) {
    for (std::size_t j = 0; j < kBlock; ++j) {
      out[i + j] = in[3 * i + j] | in[3 * i + kBlock + j] | in[3 * i + 2 * kBlock + j];
    }
  }
}

/// The same without reading what is overwritten.
void touch_streaming(const std::uint8_t* in, std::uint8_t* out, std::size_t pixels) {
#if defined(__AVX512BW__)
  for (std::size_t i = 0; i < pixels; i += kBlock) {
    const auto* from = reinterpret_cast<const __m512i*>(in + 3 * i);
    const __m512i all =
        _mm512_or_si512(_mm512_or_si512(_mm512_loadu_si512(from), _mm512_loadu_si512(from + 1)),
                        _mm512_loadu_si512(from + 2));
    _mm512_stream_si512(reinterpret_cast<__m512i*>(out + i), all);
  }
  _mm_sfence();
#elif defined(__SSE2__)
  for (std::size_t i = 0; i < pixels; i += 16) {
    const auto* from = reinterpret_cast<const __m128i*>(in + 3 * i);
    const __m128i all = _mm_or_si128(_mm_or_si128(_mm_loadu_si128(from), _mm_loadu_si128(from + 1)),
                                     _mm_loadu_si128(from + 2));
    _mm_stream_si128(reinterpret_cast<__m128i*>(out + i), all);
  }
  _mm_sfence();
#else
  touch(in, out, pixels);
#endif
}

void gray(const std::uint8_t* in, std::uint8_t* out, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint8_t* p = in + 3 * i;
    out[i] = static_cast<std::uint8_t>((77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8);
  }
}

std::uint8_t* pages(std::size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  madvise(memory, bytes, MADV_HUGEPAGE);
  return static_cast<std::uint8_t*>(memory);
}

/// Threads that each do their part of a frame and meet at its end.
class Team {
 public:
  explicit Team(std::size_t threads) : threads_(threads) {
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof(allowed), &allowed);
    std::vector<int> processors;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) processors.push_back(cpu);
    }
    for (std::size_t i = 0; i < threads_; ++i) {
      members_.emplace_back([this, i] { serve(i); });
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(processors[i % processors.size()], &one);
      pthread_setaffinity_np(members_.back().native_handle(), sizeof(one), &one);
    }
  }
  ~Team() {
    stop_.store(true);
    turn_.fetch_add(1);
    turn_.notify_all();
    for (std::thread& member : members_) member.join();
  }

  void run(Work work, const std::uint8_t* in, std::uint8_t* out) {
    work_ = work;
    in_ = in;
    out_ = out;
    left_.store(threads_);
    turn_.fetch_add(1);
    turn_.notify_all();
    while (left_.load() != 0) left_.wait(left_.load());
  }

 private:
  void serve(std::size_t member) {
    const std::size_t share = kPixels / threads_ / kBlock * kBlock;
    const std::size_t begin = member * share;
    const std::size_t end = member + 1 == threads_ ? kPixels : begin + share;
    for (std::uint64_t seen = 0;; ++seen) {
      for (int spin = 0; spin < 20'000 && turn_.load() == seen; ++spin) {
      }
      turn_.wait(seen);
      if (stop_.load()) return;
      work_(in_ + 3 * begin, out_ + begin, end - begin);
      if (left_.fetch_sub(1) == 1) left_.notify_all();
    }
  }

  const std::size_t threads_;
  std::atomic<std::uint64_t> turn_{0};
  std::atomic<std::size_t> left_{0};
  std::atomic<bool> stop_{false};
  Work work_ = nullptr;
  const std::uint8_t* in_ = nullptr;
  std::uint8_t* out_ = nullptr;
  std::vector<std::thread> members_;
};

double milliseconds(Team& team, Work work, std::uint8_t* in, std::uint8_t* out, int count) {
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    const std::size_t frame = static_cast<std::size_t>(i) % kFrames;
    team.run(work, in + frame * 3 * kPixels, out + frame * kPixels);
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
             .count() /
         count;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t threads = 2;
  std::string work = "touch";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--threads") == 0) {
      threads = std::clamp<std::size_t>(std::strtoul(argv[i + 1], nullptr, 10), 1, kMaxThreads);
    } else if (std::strcmp(argv[i], "--work") == 0) {
      work = argv[i + 1];
    }
  }
  std::uint8_t* const in = pages(kFrames * 3 * kPixels);
  std::uint8_t* const out = pages(kFrames * kPixels);
  for (std::size_t i = 0; i < kFrames * 3 * kPixels; ++i) {
    in[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
  }
  std::memset(out, 1, kFrames * kPixels);
  Team team(threads);
  for (std::string line; std::getline(std::cin, line);) {
    const int count = std::max(1, std::atoi(line.c_str()));
    if (work == "gray") {
      std::printf("{\"ms_per_frame\": %.6f}\n", milliseconds(team, gray, in, out, count));
    } else {
      const double plain = milliseconds(team, touch, in, out, count);
      const double streaming = milliseconds(team, touch_streaming, in, out, count);
      std::printf("{\"ms_per_frame\": %.6f, \"plain\": %.6f, \"streaming\": %.6f}\n",
                  std::min(plain, streaming), plain, streaming);
    }
    std::fflush(stdout);
  }
  return 0;
}
