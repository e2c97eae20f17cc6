// SPDX-License-Identifier: Apache-2.0
#include "contestant.hpp"

#ifdef COGWAY_HAVE_OPENMP
#include <omp.h>
#endif

namespace bench {

#ifdef COGWAY_HAVE_OPENMP
namespace {

class OpenMp final : public Contestant {
 public:
  explicit OpenMp(int workers) : workers_(workers) {}
  /// Its idle threads go on spinning: they must not burden whoever is measured next.
  ~OpenMp() override { (void)omp_pause_resource_all(omp_pause_hard); }
  /// The calling thread works too, as it would in an application.
  std::uint64_t run(std::int64_t n, std::int64_t grain) override {
    std::uint64_t sum = 0;
    const std::int64_t pieces = (n + grain - 1) / grain;
#pragma omp parallel for num_threads(workers_) schedule(dynamic, 1) reduction(+ : sum)
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      const std::int64_t begin = piece * grain;
      sum += work(begin, begin + grain < n ? begin + grain : n);
    }
    return sum;
  }

 private:
  int workers_;
};

}  // namespace

std::unique_ptr<Contestant> make_openmp(int workers) { return std::make_unique<OpenMp>(workers); }
#else
std::unique_ptr<Contestant> make_openmp(int) { return nullptr; }
#endif

}  // namespace bench
