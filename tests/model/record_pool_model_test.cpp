// SPDX-License-Identifier: Apache-2.0
// Records that travel between threads in rows: each has one owner at any time.
#include <memory>
#include <type_traits>

#include "checker/expect.hpp"
#include "engine/record_pool.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

template <template <typename> class Word>
struct Record {
  Record* link = nullptr;
  Word<std::uint32_t> row_link{0};
  std::uint32_t index = 0;
  std::uint32_t row_count = 0;
  Value content{0};  ///< of the owner
};

/// The cache of the thread that makes the call: there is no scheduling point between choosing it
/// and its use.
template <template <typename> class Word>
struct Traits {
  using Cache = cogway::detail::RecordCache<Record<Word>>;
  static Record<Word>*& link(Record<Word>& record) { return record.link; }
  static Word<std::uint32_t>& row_link(Record<Word>& record) { return record.row_link; }
  static std::uint32_t& index(Record<Word>& record) { return record.index; }
  static std::uint32_t& row_count(Record<Word>& record) { return record.row_count; }
  static Cache& cache() { return *mine; }
  static void at_exit(Cache& cache) { cache.stage = 1; }
  static inline Cache* mine = nullptr;
};

template <template <typename> class Word, std::uint32_t row>
struct Shared {
  using T = Traits<Word>;
  cogway::detail::RecordPool<Record<Word>, T, Word, row, 2 * row> pool;
  typename T::Cache caches[3];

  Record<Word>* take(int thread) {
    T::mine = &caches[thread];
    Record<Word>* const record = pool.take();
    own(record);
    return record;
  }
  static void own(Record<Word>* record) { record->content = Value(record->content.id() + 1); }
  void give(int thread, Record<Word>* record) {
    own(record);
    T::mine = &caches[thread];
    pool.give(record);
  }
  void flush(int thread) { pool.flush(caches[thread]); }
};

/// Rows of one record, so that each take and each flush is a pop and a push. One takes two and
/// gives the first back while another takes: the classic ABA.
template <template <typename> class Word = Atom>
void rows(Execution& run) {
  auto shared = std::make_shared<Shared<Word, 1>>();
  Record<Word>* const a = shared->take(0);
  Record<Word>* const b = shared->take(0);
  shared->give(0, a);
  shared->flush(0);
  shared->give(0, b);
  shared->flush(0);
  run.thread("juggler", [=] {
    Record<Word>* const first = shared->take(1);
    Record<Word>* const second = shared->take(1);
    check(first != second, "given out twice");
    shared->give(1, first);
    shared->flush(1);
    Shared<Word, 1>::own(second);
  });
  run.thread("taker", [=] {
    Record<Word>* const first = shared->take(2);
    Record<Word>* const second = shared->take(2);
    check(first != second, "given out twice");
    Shared<Word, 1>::own(first);
    Shared<Word, 1>::own(second);
  });
}

/// Two threads at once make the first chunk of memory and carve rows of two from it; one's records
/// go to the other.
void growing(Execution& run) {
  auto shared = std::make_shared<Shared<Atom, 2>>();
  for (int me = 1; me < 3; ++me) {
    run.thread(me == 1 ? "a" : "b", [=] {
      Record<Atom>* const first = shared->take(me);
      Record<Atom>* const second = shared->take(me);
      check(first != second, "given out twice");
      shared->give(me, first);
      shared->give(me, second);
      shared->flush(me);
      shared->give(me, shared->take(me));
    });
  }
}

/// An atomic whose tags do not change: of a tagged word the index alone is compared and kept.
template <typename T>
struct Untagged : Atom<T> {
  using Atom<T>::Atom;
  bool compare_exchange_weak(T& expected, T next, std::memory_order success,
                             std::memory_order failure) {
    if constexpr (std::is_same_v<T, std::uint64_t>) next = static_cast<std::uint32_t>(next);
    return Atom<T>::compare_exchange_weak(expected, next, success, failure);
  }
};

}  // namespace

TEST_CASE("record pool: one owner at any time") {
  expect_right(rows<>, {.executions = 20'000, .delays = 1}, false);
  expect_right(growing, {.executions = 20'000, .delays = 1}, false);
}

TEST_CASE("record pool: without a tag, ABA is found") {
  expect_caught(rows<Untagged>, "", {.memory = Memory::sequential});
}

TEST_CASE("record pool: every memory order is needed") {
  expect_every_order_needed({rows<>, growing}, "record_pool.hpp", 4, {.executions = 20'000});
}
