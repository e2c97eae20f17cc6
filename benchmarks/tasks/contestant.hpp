// SPDX-License-Identifier: Apache-2.0
#pragma once
// What each scheduler is asked to do. One implementation per file, beside each other.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// Two workers; the thread that calls is a third, as an application's is.
inline constexpr int kWorkers = 2;

class Contestant {
 public:
  virtual ~Contestant() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// Submits `n` tasks, each adding 1 to `sum`, one by one from the calling thread; waits for all.
  virtual void submit_and_wait(std::uint64_t n) = 0;
  /// Submits one task and waits for it.
  virtual void round_trip() = 0;
  /// Of the tasks run since the last call.
  virtual std::uint64_t take_sum() = 0;
};

std::unique_ptr<Contestant> make_cogway();
std::unique_ptr<Contestant> make_mutex_pool();
std::unique_ptr<Contestant> make_onetbb();    ///< null: not built in
std::unique_ptr<Contestant> make_taskflow();  ///< null: not built in

}  // namespace bench
