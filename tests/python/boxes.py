# SPDX-License-Identifier: Apache-2.0
"""Boxes of numbers that only exclusion keeps right, and threads that must come to an end."""

import select
import threading

from cogway.sync import critical_section

WAIT_S = 60


class Box:
    """A number that threads change in two steps, with others' turns in between."""

    def __init__(self):
        self.value = 0

    def add(self):
        seen = self.value
        select.select([], [], [], 0)  # lets go of the GIL
        self.value = seen + 1


def lock_number(thing):
    """Which of the table's locks an object has."""
    return (((id(thing) >> 4) * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 32) % 256


def boxes(count):
    """Return boxes that share no lock."""
    found, spare = [], []
    while len(found) < count:
        box = Box()
        taken = [lock_number(other) for other in found]
        (spare if lock_number(box) in taken else found).append(box)
    return found


def same_lock():
    """Return two boxes that share a lock."""
    found = {}
    while True:
        box = Box()
        if lock_number(box) in found:
            return found[lock_number(box)], box
        found[lock_number(box)] = box


def together(*bodies):
    """Run each in a thread, from one moment on; raise what one of them raised."""
    errors = []
    barrier = threading.Barrier(len(bodies))

    def run(body):
        try:
            barrier.wait(WAIT_S)
            body()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "threads wait for each other"
    if errors:
        raise errors[0]


def is_free(*things):
    """Enter a section of each from another thread, which waits where one is still in it."""

    def enter():
        for thing in things:
            with critical_section(thing):
                pass

    together(enter)
    return True
