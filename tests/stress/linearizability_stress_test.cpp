// SPDX-License-Identifier: Apache-2.0
// The checker of histories, checked with histories whose verdict is known.

#include <doctest/doctest.h>

#include "closing_spec.hpp"
#include "collect_spec.hpp"
#include "linearizability.hpp"
#include "pusher_order_spec.hpp"
#include "queue_specs.hpp"
#include "urgency_spec.hpp"

using namespace cogway::testing;

namespace {

QueueOperation push(int thread, int value, std::uint64_t begin, std::uint64_t end) {
  return {{Act::push, value}, thread, begin, end};
}
QueueOperation pop(int thread, std::optional<int> value, std::uint64_t begin, std::uint64_t end) {
  return {{Act::pop, value}, thread, begin, end};
}
bool fifo(const QueueHistory& history, std::size_t capacity = 8) {
  return Linearizability<FifoSpec>::violation(history, {capacity}).empty();
}

/// Calls one after the other, by one thread each.
template <typename Spec>
bool in_turn(const std::vector<typename Spec::Call>& calls, Spec initial = {}) {
  History<typename Spec::Call> history;
  for (const auto& call : calls) {
    const std::uint64_t at = 2 * history.size();
    history.push_back({call, static_cast<int>(at), at, at + 1});
  }
  return Linearizability<Spec>::violation(std::move(history), std::move(initial)).empty();
}

}  // namespace

TEST_CASE("one after the other: order decides") {
  CHECK(fifo({}));
  CHECK(fifo({push(0, 1, 0, 1), push(0, 2, 2, 3), pop(1, 1, 4, 5), pop(1, 2, 6, 7)}));
  CHECK_FALSE(fifo({push(0, 1, 0, 1), push(0, 2, 2, 3), pop(1, 2, 4, 5), pop(1, 1, 6, 7)}));
}

TEST_CASE("at the same time: any order will do") {
  CHECK(fifo({push(0, 1, 0, 3), push(1, 2, 1, 2), pop(2, 2, 4, 5), pop(2, 1, 6, 7)}));
  CHECK(fifo({push(0, 1, 0, 3), pop(1, 1, 1, 2)}));
  CHECK_FALSE(fifo({pop(1, 1, 0, 1), push(0, 1, 2, 3)}));  // before it was begun to be pushed
}

TEST_CASE("an empty answer is wrong while something is certainly inside") {
  CHECK(fifo({push(0, 1, 0, 3), pop(1, std::nullopt, 1, 2), pop(1, 1, 4, 5)}));
  CHECK_FALSE(fifo({push(0, 1, 0, 1), pop(1, std::nullopt, 2, 3), pop(1, 1, 4, 5)}));
}

TEST_CASE("lost, doubled and invented values are found") {
  CHECK_FALSE(fifo({push(0, 1, 0, 1), pop(1, 1, 2, 3), pop(2, 1, 4, 5)}));
  CHECK_FALSE(fifo({push(0, 1, 0, 1), pop(1, 7, 2, 3)}));
  CHECK_FALSE(fifo({push(0, 1, 0, 1), push(0, 2, 2, 3), pop(1, 2, 4, 5)}));
}

TEST_CASE("a refused push needs a full queue, or leave to miss") {
  QueueOperation refused = push(0, 2, 2, 3);
  refused.call.accepted = false;
  CHECK(fifo({push(0, 1, 0, 1), refused}, 1));
  CHECK_FALSE(fifo({push(0, 1, 0, 1), refused}, 2));
  refused.call.may_miss = true;
  CHECK(fifo({push(0, 1, 0, 1), refused}, 2));
  CHECK_FALSE(fifo({push(0, 1, 0, 1), push(0, 2, 2, 3)}, 1));
}

TEST_CASE("stack and deque have their own order") {
  const QueueHistory lifo = {push(0, 1, 0, 1), push(0, 2, 2, 3), pop(1, 2, 4, 5), pop(1, 1, 6, 7)};
  CHECK(Linearizability<LifoSpec>::violation(lifo, {8}).empty());
  CHECK_FALSE(fifo(lifo));
  QueueHistory stolen = {push(0, 1, 0, 1), push(0, 2, 2, 3), pop(1, 1, 4, 5), pop(0, 2, 6, 7)};
  CHECK_FALSE(Linearizability<DequeSpec>::violation(stolen, {8}).empty());
  stolen[2].call.act = Act::steal;
  CHECK(Linearizability<DequeSpec>::violation(stolen, {8}).empty());
}

TEST_CASE("taken whole: in order, and who was first or refused is told the truth") {
  using enum CollectAct;
  const CollectCall one{push, 1, true, true}, two{push, 2, true, false};
  CHECK(in_turn<CollectSpec>({one, two, {take_all, 0, true, {}, {1, 2}}, one}));
  CHECK_FALSE(in_turn<CollectSpec>({one, two, {take_all, 0, true, {}, {2, 1}}}));
  CHECK_FALSE(in_turn<CollectSpec>({one, two, {take_all, 0, true, {}, {1}}}));
  CHECK_FALSE(in_turn<CollectSpec>({two}));
  CHECK_FALSE(in_turn<CollectSpec>({one, {push, 2, true, true}}));
  CHECK(in_turn<CollectSpec>({one, {close, 0, true, {}, {1}}, {push, 2, false}}));
  CHECK_FALSE(in_turn<CollectSpec>({{close}, one}));
  CHECK_FALSE(in_turn<CollectSpec>({{push, 2, false}}));
}

TEST_CASE("what is urgent comes first, unless it was missed or another has waited") {
  const UrgencyCall humble{Act::push, 10, 1}, urgent{Act::push, 1, 0};
  const UrgencyCall first{Act::pop, 1, 0}, second{Act::pop, 10, 1}, none{Act::pop};
  UrgencyCall missing = second;
  missing.may_miss = 1;
  CHECK(in_turn<UrgencySpec>({humble, urgent, first, second, none}, {4}));
  CHECK_FALSE(in_turn<UrgencySpec>({humble, urgent, second, first}, {4}));
  CHECK(in_turn<UrgencySpec>({humble, urgent, missing, first}, {4}));
  CHECK(in_turn<UrgencySpec>({humble, urgent, second, first}, {4, false, true}));
  CHECK_FALSE(in_turn<UrgencySpec>({humble, none}, {4, false, true}));
  CHECK_FALSE(in_turn<UrgencySpec>({humble, humble}, {1}));
  CHECK_FALSE(in_turn<UrgencySpec>({{Act::push, 1, 0, false}}, {1}));
}

TEST_CASE("only a pop that overlaps a push into a lane may miss it") {
  History<UrgencyCall> history = {
      {{Act::push, 1, 0}, 0, 0, 3}, {{Act::pop}, 1, 1, 2}, {{Act::pop}, 1, 4, 5}};
  allow_misses_of_lanes(history);
  CHECK(history[1].call.may_miss == 1);
  CHECK(history[2].call.may_miss == 0);
}

TEST_CASE("each pusher has its own order") {
  const auto push = [](int pusher, int value) {
    return TransferCall{Act::push, {{pusher, value}}};
  };
  CHECK(in_turn<PusherOrderSpec>({push(1, 1), push(2, 2), {Act::pop, {{2, 2}, {1, 1}}}}));
  CHECK_FALSE(in_turn<PusherOrderSpec>({push(1, 1), push(1, 2), {Act::pop, {{1, 2}}}}));
  CHECK_FALSE(in_turn<PusherOrderSpec>({push(1, 1), {Act::pop}}));
  CHECK(in_turn<PusherOrderSpec>({push(1, 1), {Act::pop, {}, true}}));
  CHECK_FALSE(in_turn<PusherOrderSpec>({{Act::pop, {{1, 1}}}}));
}

TEST_CASE("a call that waits fails only because of the end") {
  using enum ClosingCall::Kind;
  const ClosingCall one{waiting, {Act::push, 1}}, nothing{waiting, {Act::pop}}, end{close};
  const ClosingCall refused{waiting, {Act::push, 2, false}}, got{waiting, {Act::pop, 1}};
  CHECK(in_turn<ClosingSpec>({one, end, refused, got, nothing}, {{1}}));
  CHECK_FALSE(in_turn<ClosingSpec>({nothing}, {{1}}));
  CHECK_FALSE(in_turn<ClosingSpec>({one, end, nothing, got}, {{1}}));
  CHECK_FALSE(in_turn<ClosingSpec>({one, refused}, {{1}}));
  CHECK_FALSE(in_turn<ClosingSpec>({end, one}, {{1}}));
  CHECK(in_turn<ClosingSpec>({one, {at_once, {Act::push, 2, false}}}, {{1}}));
  CHECK_FALSE(in_turn<ClosingSpec>({one, {at_once, {Act::pop}}}, {{1}}));
}

TEST_CASE("the verdict names the calls") {
  const std::string why =
      Linearizability<FifoSpec>::violation({push(0, 1, 0, 1), pop(1, 7, 2, 3)}, {8});
  CHECK(why.find("pop() = 7") != std::string::npos);
  CHECK(why.find("thread 1") != std::string::npos);
}

TEST_CASE("many calls at once are decided, not enumerated") {
  QueueHistory history;
  for (int i = 0; i < 7; ++i) history.push_back(push(i, i, static_cast<std::uint64_t>(i), 100));
  for (int i = 0; i < 6; ++i) {
    const auto at = static_cast<std::uint64_t>(200 + 2 * i);
    history.push_back(pop(20, 6 - i, at, at + 1));
  }
  CHECK(fifo(history, 16));
  history.push_back(pop(20, 5, 300, 301));
  CHECK_FALSE(fifo(history, 16));
}
