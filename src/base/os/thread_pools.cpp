// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/thread_pools.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

namespace cogway::os {
namespace {

struct ThreadPool {
  void* set = nullptr;
  int (*get)() = nullptr;
  bool answers = false;                          ///< set returns the number before
  int (*pause)(int kind, int device) = nullptr;  ///< null: it has none that is the caller's alone
  int host_device = 0;
  std::string path;

  void limit(int threads) const noexcept {
    if (answers) {
      (void)reinterpret_cast<int (*)(int)>(set)(threads);
    } else {
      reinterpret_cast<void (*)(int)>(set)(threads);
    }
  }
};

struct Names {
  const char* set;
  const char* get;
  bool answers;
};
constexpr Names kNames[] = {
    {"omp_set_num_threads", "omp_get_max_threads", false},
    {"MKL_Set_Num_Threads_Local", "MKL_Get_Max_Threads", true},
};

constexpr std::size_t kMostPools = 16;
constexpr Nanoseconds kBetweenLooks = std::chrono::milliseconds{100};

struct Found {
  std::mutex mutex;
  unsigned long long loads = 0;  ///< of the process, at the last look
  std::array<ThreadPool, kMostPools> pools;
};

Found& found() {
  static Found* const all = new Found();  // threads may end after main()
  return *all;
}

constinit std::atomic<std::size_t> pool_count{0};
constinit std::atomic<std::int64_t> looked_ns{0};

int note_loads(dl_phdr_info* info, std::size_t, void* loads) {
  *static_cast<unsigned long long*>(loads) = info->dlpi_adds;
  return 1;  // the count is the same in all
}

int note_name(dl_phdr_info* info, std::size_t, void* names) {
  try {
    if (info->dlpi_name != nullptr && info->dlpi_name[0] != '\0') {
      static_cast<std::vector<std::string>*>(names)->emplace_back(info->dlpi_name);
    }
    return 0;
  } catch (const std::bad_alloc&) {
    return 1;
  }
}

/// GNU's ends the caller's threads. That of others is for the whole process.
void add_pause(ThreadPool& pool, void* handle) {
  if (pool.path.find("libgomp") == std::string::npos) return;
  void* pause = dlsym(handle, "omp_pause_resource");
  void* host = dlsym(handle, "omp_get_initial_device");
  if (pause == nullptr || host == nullptr) return;
  pool.host_device = reinterpret_cast<int (*)()>(host)();
  pool.pause = reinterpret_cast<int (*)(int, int)>(pause);
}

/// Adds what `handle`, or a library that it needs, offers under these names.
void add(Found& all, void* handle, const Names& names) {
  void* set = dlsym(handle, names.set);
  void* get = set == nullptr ? nullptr : dlsym(handle, names.get);
  if (get == nullptr) return;
  // order: relaxed, written under the lock that is held
  const std::size_t count = pool_count.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    if (all.pools[i].set == set) return;
  }
  if (count == kMostPools) return;
  Dl_info where{};
  ThreadPool& pool = all.pools[count];
  pool.path = dladdr(set, &where) != 0 && where.dli_fname != nullptr ? where.dli_fname : "";
  pool.set = set;
  pool.get = reinterpret_cast<int (*)()>(get);
  pool.answers = names.answers;
  add_pause(pool, handle);
  // It must not go away while we hold its functions.
  if (!pool.path.empty()) (void)dlopen(pool.path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  // order: release, pairs with limit_thread_pools() acquire; publishes the pool
  pool_count.store(count + 1, std::memory_order_release);
}

void look(Found& all) {
  unsigned long long loads = 0;
  dl_iterate_phdr(&note_loads, &loads);
  if (loads == all.loads) return;
  std::vector<std::string> names;
  dl_iterate_phdr(&note_name, &names);  // opened afterwards: the loader's lock is held within
  for (const std::string& name : names) {
    void* handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) continue;
    for (const Names& wanted : kNames) add(all, handle, wanted);
    dlclose(handle);
  }
  all.loads = loads;
}

}  // namespace

void find_thread_pools() noexcept {
  try {
    Found& all = found();
    // Who finds somebody at it goes on; a forked child may find it locked for ever.
    const std::unique_lock lock(all.mutex, std::try_to_lock);
    if (lock.owns_lock()) look(all);
  } catch (const std::exception&) {
    // no memory for names: the next look finds them
  }
}

void find_thread_pools(TimePoint now) noexcept {
  const std::int64_t now_ns = now.time_since_epoch().count();
  // order: relaxed, only keeps looks apart
  const std::int64_t last = looked_ns.load(std::memory_order_relaxed);
  if (last != 0 && now_ns - last < kBetweenLooks.count()) return;
  looked_ns.store(now_ns, std::memory_order_relaxed);  // order: relaxed, as above
  find_thread_pools();
}

bool have_thread_pools() noexcept {
  // order: relaxed, a hint; limit_thread_pools() acquires
  return pool_count.load(std::memory_order_relaxed) != 0;
}

std::vector<std::string> thread_pools() {
  std::vector<std::string> paths;
  // order: acquire, pairs with add() release; publishes the pools
  const std::size_t count = pool_count.load(std::memory_order_acquire);
  paths.reserve(count);
  for (std::size_t i = 0; i < count; ++i) paths.push_back(found().pools[i].path);
  return paths;
}

void limit_thread_pools(int threads) noexcept {
  struct Limits {
    std::size_t known = 0;                 ///< pools that this thread has limited
    int applied = 0;                       ///< to so many
    std::array<int, kMostPools> before{};  ///< what it got from each until then
  };
  constinit thread_local Limits limits{};
  // order: acquire, pairs with add() release; publishes the pools
  const std::size_t count = pool_count.load(std::memory_order_acquire);
  if (limits.known == count && limits.applied == threads) return;
  const Found& all = found();
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= limits.known) limits.before[i] = std::max(1, all.pools[i].get());
    all.pools[i].limit(threads <= 0 ? limits.before[i] : std::min(threads, limits.before[i]));
  }
  limits.known = count;
  limits.applied = threads;
}

void rest_thread_pools() noexcept {
  constexpr int kSoft = 1;  // omp_pause_soft
  // order: acquire, pairs with add() release; publishes the pools
  const std::size_t count = pool_count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    const ThreadPool& pool = found().pools[i];
    if (pool.pause != nullptr) (void)pool.pause(kSoft, pool.host_device);
  }
}

}  // namespace cogway::os
