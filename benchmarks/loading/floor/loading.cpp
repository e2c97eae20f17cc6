// SPDX-License-Identifier: Apache-2.0
// The physical limit of loading: threads that decode and resize JPEG files into a ring of batches,
// with nothing else around them. `--serve` answers one JSON line for each epoch number on standard
// input;
// `--pack PATH` puts the image pack's fused kernel in the place of the hand-written code.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "jpeg_crop.hpp"
#include "pack_sample.hpp"

namespace {

using loading_floor::Crop;
using loading_floor::kSide;

constexpr std::size_t kSample = std::size_t{3} * kSide * kSide;
constexpr std::size_t kRing = 4;

struct Options {
  std::string data;
  std::string pack;
  std::size_t batch = 64;
  unsigned threads = 2;
  int rounds = 5;
  std::int64_t seed = 7;
  bool serve = false;
  bool json = false;
};

struct Measured {
  double images_per_s, cpu_ms_per_image, first_batch_s, peak_mb;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) / 1024.0;
}

void read_file(const std::string& path, std::vector<std::uint8_t>* bytes) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    std::perror(path.c_str());
    std::exit(1);
  }
  std::setvbuf(file, nullptr, _IONBF, 0);
  std::fseek(file, 0, SEEK_END);
  const long size = std::ftell(file);
  std::rewind(file);
  bytes->resize(static_cast<std::size_t>(size));
  if (std::fread(bytes->data(), 1, bytes->size(), file) != bytes->size()) std::exit(1);
  std::fclose(file);
}

class Loader {
 public:
  explicit Loader(const Options& options) : options_(options) {
    for (const auto& entry : std::filesystem::directory_iterator(options.data)) {
      if (entry.path().extension() == ".jpg") paths_.push_back(entry.path().string());
    }
    std::sort(paths_.begin(), paths_.end());
    batches_ = paths_.size() / options.batch;
    if (batches_ == 0) {
      std::fprintf(stderr, "%s holds fewer than %zu .jpg files\n", options.data.c_str(),
                   options.batch);
      std::exit(1);
    }
    // On cache lines, as any loader's buffers are.
    const std::size_t bytes = kRing * options.batch * kSample * sizeof(float);
    ring_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
  }

  Measured epoch(std::int64_t number) {
    next_ = 0;
    taken_ = 0;
    done_.assign(batches_, 0);
    const double cpu = cpu_seconds();
    const auto began = std::chrono::steady_clock::now();
    double first = 0;
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < options_.threads; ++i) {
        threads.emplace_back([this, number] { work(number); });
      }
      for (std::size_t batch = 0; batch < batches_; ++batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return done_[batch] == options_.batch; });
        if (batch == 0) first = since(began);
        taken_ = batch + 1;  // the consumer is through with it at once
        changed_.notify_all();
      }
    }
    const double seconds = since(began);
    const double images = double(batches_ * options_.batch);
    const double after_first = images - double(options_.batch);
    return {after_first > 0 ? after_first / (seconds - first) : images / seconds,
            (cpu_seconds() - cpu) * 1e3 / images, first, peak_megabytes()};
  }

 private:
  static double since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }

  void work(std::int64_t epoch) {
    std::vector<std::uint8_t> file;
    Crop crop;
    for (;;) {
      const std::size_t index = next_.fetch_add(1);
      const std::size_t batch = index / options_.batch;
      if (batch >= batches_) return;
      if (batch >= kRing) {  // the slot is free once the batch before it is taken
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return taken_ + kRing > batch; });
      }
      read_file(paths_[index], &file);
      const std::size_t slot = (batch % kRing) * options_.batch + index % options_.batch;
      float* const out = ring_.get() + slot * kSample;
      if (options_.pack.empty()) {
        decode_crop(file, options_.seed, epoch, static_cast<std::int64_t>(index), &crop);
        resize_into(crop, out);
      } else {
        loading_floor::pack_sample(file, options_.seed, epoch, static_cast<std::int64_t>(index),
                                   out);
      }
      const std::scoped_lock lock(mutex_);
      if (++done_[batch] == options_.batch) changed_.notify_all();
    }
  }

  Options options_;
  std::vector<std::string> paths_;
  std::size_t batches_ = 0;
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> ring_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> done_;
  std::size_t taken_ = 0;
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    const auto value = [&]() -> std::string {
      if (++i >= count) {
        std::fprintf(stderr, "%s needs a value\n", name.c_str());
        std::exit(2);
      }
      return arguments[i];
    };
    if (name == "--data") {
      options.data = value();
    } else if (name == "--pack") {
      options.pack = value();
    } else if (name == "--batch") {
      options.batch = std::stoul(value());
    } else if (name == "--threads") {
      options.threads = static_cast<unsigned>(std::stoul(value()));
    } else if (name == "--rounds") {
      options.rounds = std::stoi(value());
    } else if (name == "--seed") {
      options.seed = std::stoll(value());
    } else if (name == "--serve") {
      options.serve = true;
    } else if (name == "--json") {
      options.json = true;
    } else {
      std::fprintf(stderr, "unknown argument %s\n", name.c_str());
      std::exit(2);
    }
  }
  if (options.data.empty()) {
    std::fprintf(stderr,
                 "usage: cogway_bench_loading --data DIR [--batch 64] [--threads 2] [--rounds 5] "
                 "[--seed 7] [--pack libcogway_image.so] [--json | --serve]\n");
    std::exit(2);
  }
  return options;
}

void print_samples(const char* test_case, const char* metric, const std::vector<double>& samples) {
  std::printf(R"({"case":"%s","contestant":"floor","metric":"%s","samples":[)", test_case, metric);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::printf("%s%.6g", i == 0 ? "" : ",", samples[i]);
  }
  std::printf("]}\n");
}

void report(const std::vector<Measured>& rounds, bool json) {
  std::vector<double> speed;
  std::vector<double> cpu;
  std::vector<double> first;
  for (const Measured& m : rounds) {
    speed.push_back(m.images_per_s);
    cpu.push_back(m.cpu_ms_per_image);
    first.push_back(m.first_batch_s);
    if (!json) {
      std::printf("%8.1f images/s  %.3f CPU ms/image  first batch %.1f ms  peak %.0f MB\n",
                  m.images_per_s, m.cpu_ms_per_image, m.first_batch_s * 1e3, m.peak_mb);
    }
  }
  if (!json) return;
  print_samples("steady", "images_per_s", speed);
  print_samples("steady", "cpu_ms_per_image", cpu);
  print_samples("steady", "first_batch_s", first);
  print_samples("memory", "peak_mb", {rounds.back().peak_mb});
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse(count, arguments);
  if (!options.pack.empty()) loading_floor::open_pack(options.pack.c_str());
  Loader loader(options);
  if (options.serve) {
    for (std::string line; std::getline(std::cin, line);) {
      const Measured m = loader.epoch(std::stoll(line));
      std::printf(R"({"images_per_s":%.6g,"cpu_ms_per_image":%.6g,"first_batch_s":%.6g,)"
                  R"("peak_mb":%.6g})"
                  "\n",
                  m.images_per_s, m.cpu_ms_per_image, m.first_batch_s, m.peak_mb);
      std::fflush(stdout);
    }
    return 0;
  }
  loader.epoch(-1);  // warms caches and memory
  std::vector<Measured> rounds;
  for (int round = 0; round < options.rounds; ++round) rounds.push_back(loader.epoch(round));
  report(rounds, options.json);
  return 0;
}
