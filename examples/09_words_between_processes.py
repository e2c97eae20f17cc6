# SPDX-License-Identifier: Apache-2.0
"""Processes share a counter and a lock; one is killed with the lock, and another puts it right."""

import subprocess
import sys
import uuid

import cogway
from cogway.sync import AtomicInt64

WORKER = """
import os, signal, sys
import cogway
from cogway.sync import AtomicInt64

with cogway.Bus.open(sys.argv[1]) as bus:
    lock = bus.mutex("accounts")
    left, right = (AtomicInt64.on_bus(bus, name) for name in ("left", "right"))
    with lock:
        left -= 10
        if sys.argv[2] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        right += 10
"""


def main() -> None:
    """Move money twice; the second time the process is killed between the two steps."""
    name = f"example-{uuid.uuid4().hex[:8]}"
    with cogway.Bus.create(name, bytes=1 << 20) as bus:
        lock = bus.mutex("accounts")
        left = AtomicInt64.on_bus(bus, "left", 100)
        right = AtomicInt64.on_bus(bus, "right", 0)
        for fate in ("fine", "killed"):
            subprocess.run([sys.executable, "-c", WORKER, name, fate], check=False)

        def check() -> None:
            right.set(100 - left.get())

        try:
            with lock:
                print("never reached")
        except cogway.OwnerDied:
            lock.repair(check)
        with lock:
            print(left.get(), right.get())  # 80 20


if __name__ == "__main__":
    main()
