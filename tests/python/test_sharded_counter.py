# SPDX-License-Identifier: Apache-2.0
"""ShardedCounter: nothing is lost, whoever adds, and the sum is Python's."""

import threading

import pytest
from cogway.sync import CounterShard, ShardedCounter


def in_threads(body, count=4):
    threads = [threading.Thread(target=body) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("shards", [None, 1, 4, 256])
def test_no_addition_is_lost(shards):
    counter = ShardedCounter(shards)

    def body():
        mine = counter.local()
        for _ in range(500):
            mine.incr()
            counter.incr()
            counter.add(-2)
            mine.add(3)

    in_threads(body)
    assert int(counter) == counter.get() == 4 * 500 * 3


def test_in_place_forms():
    counter = ShardedCounter()
    same = counter
    counter += 5
    counter -= 2
    assert counter is same
    mine = shard = counter.local()
    mine += 10
    mine -= 1
    assert mine is shard
    assert int(counter) == 12
    assert range(20)[counter] == 12
    assert repr(counter) == "<cogway.sync.ShardedCounter, 12>"
    with pytest.raises(TypeError):
        counter += 1.5
    assert int(counter) == 12


def test_a_shard_that_overflows_changes_nothing():
    counter = ShardedCounter(1)
    counter.add(2**63 - 1)
    with pytest.raises(OverflowError, match="64 bits"):
        counter.incr()
    with pytest.raises(OverflowError):
        counter.add(2**63)
    assert int(counter) == 2**63 - 1
    counter.add(-(2**63))
    assert int(counter) == -1


def test_the_sum_may_need_more_than_64_bits():
    counter = ShardedCounter(256)
    for sign in (1, -2):
        in_threads(lambda sign=sign: counter.local().add(sign * (2**62)), 16)
    assert int(counter) == -16 * 2**62
    counter = ShardedCounter(256)
    in_threads(lambda: counter.add(2**63 - 1), 16)
    assert int(counter) == 16 * (2**63 - 1)


def test_a_shard_outlives_who_made_it():
    shard = ShardedCounter().local()
    shard.incr()
    assert isinstance(shard, CounterShard)
    with pytest.raises(TypeError):
        CounterShard()


def test_how_many_shards():
    assert ShardedCounter(5).shards == 8
    assert ShardedCounter().shards >= 2
    for wrong in (0, -1, 257):
        with pytest.raises(ValueError, match="shards"):
            ShardedCounter(wrong)
