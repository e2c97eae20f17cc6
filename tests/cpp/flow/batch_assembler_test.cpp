// SPDX-License-Identifier: Apache-2.0
#include "flow/batch_assembler.hpp"

#include <doctest/doctest.h>

#include <vector>

using cogway::Member;
using cogway::detail::BatchAssembler;
using cogway::detail::OpenBatch;
using cogway::detail::SlotState;

TEST_CASE("ordered: position decides batch and place") {
  BatchAssembler assembler(4, true);
  CHECK(assembler.batch_for(0) == nullptr);
  OpenBatch* first = assembler.open(0);
  OpenBatch* second = assembler.open(4);
  CHECK(first->number == 0);
  CHECK(second->number == 1);
  CHECK(assembler.batch_for(3) == first);
  CHECK(assembler.batch_for(5) == second);
  CHECK(assembler.batch_for(8) == nullptr);
  CHECK(assembler.take(*first, Member{2, 20}) == 2);
  CHECK(assembler.take(*second, Member{7, 70}) == 3);
  CHECK(second->slots[3].member.index == 70);
}

TEST_CASE("ordered: a hole settles its place and shifts no other") {
  BatchAssembler assembler(3, true);
  OpenBatch* batch = assembler.open(0);
  for (std::uint64_t i = 0; i < 3; ++i) assembler.take(*batch, Member{i, i});
  assembler.fill(*batch, 2, nullptr);
  assembler.give_up(*batch, 1);
  CHECK(!assembler.complete(*batch, false));
  assembler.fill(*batch, 0, nullptr);
  CHECK(assembler.complete(*batch, false));
  CHECK(batch->filled == 2);
  CHECK(batch->slots[1].state == SlotState::hole);
}

TEST_CASE("as completed: a place that was given up is taken by the next item") {
  BatchAssembler assembler(2, false);
  OpenBatch* batch = assembler.open(0);
  CHECK(assembler.take(*batch, Member{0, 0}) == 0);
  CHECK(assembler.take(*batch, Member{1, 1}) == 1);
  CHECK(assembler.batch_for(2) == nullptr);
  assembler.give_up(*batch, 0);
  CHECK(assembler.batch_for(2) == batch);
  CHECK(assembler.take(*batch, Member{2, 2}) == 0);
  assembler.fill(*batch, 1, nullptr);
  assembler.fill(*batch, 0, nullptr);
  CHECK(assembler.complete(*batch, false));
  CHECK(batch->filled == 2);
}

TEST_CASE("the end of the source completes what has been taken") {
  for (const bool ordered : {true, false}) {
    BatchAssembler assembler(4, ordered);
    OpenBatch* batch = assembler.open(0);
    assembler.take(*batch, Member{0, 0});
    CHECK(!assembler.complete(*batch, true));
    assembler.fill(*batch, 0, nullptr);
    CHECK(!assembler.complete(*batch, false));
    CHECK(assembler.complete(*batch, true));
  }
}

TEST_CASE("records are used again") {
  BatchAssembler assembler(1, true);
  OpenBatch* batch = assembler.open(0);
  assembler.take(*batch, Member{0, 0});
  assembler.close(batch);
  CHECK(assembler.open_batches().empty());
  OpenBatch* again = assembler.open(9);
  CHECK(again == batch);
  CHECK(again->number == 9);
  CHECK(again->taken == 0);
  CHECK(again->slots[0].state == SlotState::free);
}
