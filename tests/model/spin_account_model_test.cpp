// SPDX-License-Identifier: Apache-2.0
// The books of a spin budget: no more search at once than may, and what was wasted is owed in full.
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/spin_account.hpp"

using namespace cogway;
using namespace cogway::model;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kNow = TimePoint{} + 1000s;
constexpr Nanoseconds kCharge = 100us;

/// As SpinAccount, but with each step made of a look and a store.
template <template <typename> class Atom>
class TornAccount {
 public:
  bool enter(int most) noexcept {
    if (spinners_.load() >= most) return false;
    spinners_.fetch_add(1);
    return true;
  }
  void leave() noexcept { spinners_.fetch_sub(1); }
  bool solvent(TimePoint now, Nanoseconds allowed) const noexcept {
    return repaid_at_.load() - now.time_since_epoch().count() <= allowed.count();
  }
  void charge(TimePoint now, Nanoseconds earned_in) noexcept {
    const std::int64_t at = now.time_since_epoch().count();
    repaid_at_.store(std::max(repaid_at_.load(), at) + earned_in.count());
  }

 private:
  Atom<std::int64_t> repaid_at_{0};
  Atom<int> spinners_{0};
};

template <template <template <typename> class> class Account>
struct Books {
  Account<Atom> account;
  Atom<int> searching{0};

  void search(int most) {
    if (!account.enter(most)) return;
    check(searching.fetch_add(1) < most, "more search than may");
    searching.fetch_sub(1);
    account.leave();
  }
};

/// Three ask for two grants.
template <template <template <typename> class> class Account = SpinAccount>
void entering(Execution& run) {
  auto books = std::make_shared<Books<Account>>();
  for (const char* name : {"s1", "s2", "s3"}) {
    run.thread(name, [=] { books->search(2); });
  }
  run.finally([=] {
    check(books->account.enter(2) && books->account.enter(2), "a grant is lost");
    check(!books->account.enter(2), "a grant too many");
  });
}

/// Two searches end at the same time, and a third thread asks meanwhile.
template <template <template <typename> class> class Account = SpinAccount>
void charging(Execution& run) {
  auto books = std::make_shared<Books<Account>>();
  for (const char* name : {"s1", "s2"}) {
    run.thread(name, [=] { books->account.charge(kNow, kCharge); });
  }
  run.thread("asks", [=] {
    check(books->account.solvent(kNow, 2 * kCharge), "more is owed than was wasted");
  });
  run.finally([=] {
    check(books->account.solvent(kNow, 2 * kCharge), "more is owed than was wasted");
    check(!books->account.solvent(kNow, 2 * kCharge - 1ns), "a charge is lost");
    check(books->account.solvent(kNow + 2 * kCharge, 0ns), "it is never earned");
  });
}

/// One search is disturbed while another one pays: quiet begins, and ends.
void disturbing(Execution& run) {
  auto account = std::make_shared<SpinAccount<Atom>>();
  run.thread("disturbed", [=] { account->disturbed(kNow); });
  run.thread("pays", [=] { account->paid(); });
  run.finally([=] {
    check(!account->solvent(kNow, 0ns), "nobody keeps quiet");
    check(account->solvent(kNow + 1ms, 0ns), "it is never over");
    account->disturbed(kNow + 1ms);
    check(account->solvent(kNow + 3ms, 0ns), "a third time in a row that was a second at most");
  });
}

}  // namespace

TEST_CASE("spin account: no grant and no charge is lost, and none is counted twice") {
  expect_right(entering<>, {.preemptions = 2});
  expect_right(charging<>);
  expect_right(disturbing);
}

TEST_CASE("spin account: steps made of two are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(entering<TornAccount>, "more search than may",
                {.memory = Memory::sequential, .preemptions = 3});
  expect_caught(charging<TornAccount>, "a charge is lost", bounds);
}
