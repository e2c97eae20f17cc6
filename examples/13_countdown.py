# SPDX-License-Identifier: Apache-2.0
"""Threads do not help a countdown in Python, and do help waiting: `13_countdown.py [STEPS]`."""

import asyncio
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread
from time import perf_counter

import cogway

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
gil = getattr(sys, "_is_gil_enabled", lambda: True)()


def timed(name: str, run: Callable[[], object]) -> float:
    began = perf_counter()
    run()
    seconds = perf_counter() - began
    print(f"  {name:28} {seconds * 1e3:8.1f} ms")
    return seconds


def countdown(steps: int) -> None:
    while steps > 0:
        steps -= 1


def in_threads(parts: int) -> None:
    threads = [Thread(target=countdown, args=(STEPS // parts,)) for _ in range(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


print(f"counting down from {STEPS:,} (the GIL is {'on' if gil else 'off'})")
timed("one thread", lambda: countdown(STEPS))
for parts in (2, 4, 8):
    timed(f"{parts} threads", partial(in_threads, parts))


async def late_by(work: Callable[[], object]) -> float:
    """How long the loop was kept from its next turn while the work ran on it."""
    loop = asyncio.get_running_loop()
    due = loop.time() + 0.001
    came = loop.create_future()
    loop.call_at(due, lambda: came.set_result(loop.time() - due))
    work()
    return await came


late = asyncio.run(late_by(partial(countdown, STEPS)))
print(f"  and a loop comes late by     {late * 1e3:8.1f} ms")

# A native kernel needs no GIL. core.spin burns a processor for a time instead of a number of steps,
# so what shows is the parallelism alone: two of them take as long as one.
with cogway.Engine(native_workers=2) as engine:
    print("burning 20 ms of a processor, natively")
    timed("once", lambda: engine.c_spawn("core.spin", ns=20_000_000).result())
    timed("twice, on 2 workers", lambda: engine.c_map("core.spin", 2, ns=20_000_000).result())

# The twin that waits. Each reader sleeps in the kernel until its bytes come, without the GIL; the
# writer sends to all of them only when all are there, so one reader at a time would never end.
print("waiting for a peer")
pairs = [socket.socketpair() for _ in range(8)]


def answer(pair: tuple[socket.socket, socket.socket]) -> bytes:
    ours, _ = pair
    ours.sendall(b"ready")
    return ours.recv(16)


def peer() -> None:
    for _, theirs in pairs:
        theirs.recv(16)
    for _, theirs in pairs:
        theirs.sendall(b"here you are")


other_side = Thread(target=peer)
other_side.start()
with ThreadPoolExecutor(8) as pool:
    timed("8 threads, 8 answers", lambda: list(pool.map(answer, pairs)))
other_side.join()
for pair in pairs:
    for end in pair:
        end.close()
