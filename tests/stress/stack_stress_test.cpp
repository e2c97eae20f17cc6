// SPDX-License-Identifier: Apache-2.0
// The stacks of nodes that one taker empties at once.

#include "cogway/queue/mpsc_stack.hpp"
#include "cogway/queue/polled_stack.hpp"
#include "collect_spec.hpp"
#include "queue_stress.hpp"

using namespace cogway;
using namespace cogway::testing;

namespace {

constexpr int kRounds = 1000;
constexpr int kPushers = 3;
constexpr int kCalls = 6;

struct Node : MpscStackNode<> {
  int id = 0;
};

template <typename Kind>
struct Stack : Kind {
  Node nodes[kPushers * kCalls];
};
using Plain = Stack<MpscStack<Node>>;
using Polled = Stack<PolledStack<Node>>;

CollectCall push(Plain& stack, Node* node) {
  const StackPush told = stack.try_push(node);
  return {CollectAct::push, node->id, told != StackPush::closed, told == StackPush::first};
}
CollectCall push(Polled& stack, Node* node) {
  const PolledPush told = stack.push(node, [] {});
  return {CollectAct::push, node->id, told != PolledPush::closed};
}

template <typename Any>
auto pusher(int thread) {
  return [=](Any& stack, CallRecorder<CollectCall>& recorder) {
    for (int i = 0; i < kCalls; ++i) {
      Node& node = stack.nodes[thread * kCalls + i];
      node.id = thread * kCalls + i;
      recorder.record([&] { return push(stack, &node); });
    }
  };
}

template <typename Any>
void check_stack(StressBody<Any, CollectCall> taker) {
  std::vector<StressBody<Any, CollectCall>> bodies = {taker};
  for (int thread = 0; thread < kPushers; ++thread) bodies.push_back(pusher<Any>(thread));
  check_histories<CollectSpec, Any>(
      stress_rounds(kRounds), [] { return std::make_unique<Any>(); }, bodies,
      [](History<CollectCall>&) {}, [](const Any&) { return CollectSpec{}; });
}

template <typename Any>
void collect(Any& stack, CallRecorder<CollectCall>& recorder, CollectAct act) {
  recorder.record([&] {
    return collected<Any>(act, act == CollectAct::close ? stack.close() : stack.take_all());
  });
}

}  // namespace

TEST_CASE("mpsc stack histories are linearizable, with who came first and who was refused") {
  check_stack<Plain>([](Plain& stack, CallRecorder<CollectCall>& recorder) {
    for (int i = 0; i < kCalls; ++i) collect(stack, recorder, CollectAct::take_all);
    collect(stack, recorder, CollectAct::close);
    collect(stack, recorder, CollectAct::take_all);
  });
}

TEST_CASE("polled stack histories are linearizable, whether the reader polls or not") {
  check_stack<Polled>([](Polled& stack, CallRecorder<CollectCall>& recorder) {
    for (int i = 0; i < kCalls; ++i) {
      if (i % 2 == 0) stack.begin_polling();
      collect(stack, recorder, CollectAct::take_all);
      if (i % 2 == 1) (void)stack.end_polling();
    }
    collect(stack, recorder, CollectAct::close);
  });
}
