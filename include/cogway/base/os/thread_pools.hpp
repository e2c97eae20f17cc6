// SPDX-License-Identifier: Apache-2.0
#pragma once
// Threads that libraries of this process keep for whoever calls them, as far as each calling thread
// may say how many it gets: OpenMP runtimes (GNU's, LLVM's, Intel's; an OpenBLAS built on one obeys
// it too) and MKL. Libraries with one number for the whole process are none of these: an OpenBLAS
// with threads of its own is left alone, since to limit it here would limit it everywhere.
//
// **Threads**: any, for all calls; a limit is the calling thread's. **Ownership**: what was found
// stays loaded. **Progress**: looking locks and enters the loader; the rest is wait-free, but for
// what the libraries do. **Order**: who finds a library sees all that was written of it.

#include <string>
#include <vector>

#include "cogway/base/clock.hpp"

namespace cogway::os {

/// Looks for libraries that were loaded since the last look. Takes some microseconds for each that
/// is new, else next to none.
void find_thread_pools() noexcept;
/// The same, unless somebody looked within the last tenth of a second.
void find_thread_pools(TimePoint now) noexcept;

/// Whether any was found: one load.
[[nodiscard]] bool have_thread_pools() noexcept;
/// Files of the libraries found.
[[nodiscard]] std::vector<std::string> thread_pools();

/// How many threads the calling thread gets from each library from now on: `threads`, or as many as
/// it got before where that is less (OMP_NUM_THREADS holds). 0: as many as before. Costs a
/// comparison where nothing changes.
void limit_thread_pools(int threads) noexcept;
/// Ends the threads that such a library keeps for the calling one, where it can (GNU's OpenMP): it
/// counts those of all callers together, and once they outnumber the processors, its barriers no
/// longer spin. The next use starts them anew. Next to free where there are none.
void rest_thread_pools() noexcept;

}  // namespace cogway::os
