// SPDX-License-Identifier: Apache-2.0
#include "contestant.hpp"

#ifdef COGWAY_HAVE_ONETBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#endif

namespace bench {

#ifdef COGWAY_HAVE_ONETBB
namespace {

class OneTbb final : public Contestant {
 public:
  explicit OneTbb(int workers) : arena_(workers, 1) {}
  /// The calling thread works too, as it would in an application.
  std::uint64_t run(std::int64_t n, std::int64_t grain) override {
    std::atomic<std::uint64_t> sum{0};
    arena_.execute([&] {
      tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, n, static_cast<std::size_t>(grain)),
                        [&sum](const tbb::blocked_range<std::int64_t>& piece) {
                          sum.fetch_add(work(piece.begin(), piece.end()),
                                        std::memory_order_relaxed);
                        });
    });
    return sum.load();
  }

 private:
  tbb::task_arena arena_;
};

}  // namespace

std::unique_ptr<Contestant> make_onetbb(int workers) { return std::make_unique<OneTbb>(workers); }
#else
std::unique_ptr<Contestant> make_onetbb(int) { return nullptr; }
#endif

}  // namespace bench
