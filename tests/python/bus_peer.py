# SPDX-License-Identifier: Apache-2.0
"""Another Python process on a shared bus, and what a test waits for."""

import signal
import subprocess
import sys
import textwrap

LONG = 60
HEAD = """
import os, signal, sys
from cogway import Bus, OwnerDied
from cogway.sync import AtomicBool, AtomicFloat64, AtomicInt64, AtomicUInt64
bus = Bus.open(sys.argv[1])
def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Peer:
    """Another Python process that runs `code` on the bus, and says lines."""

    def __init__(self, code, name):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(code), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self):
        return self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.end(-signal.SIGKILL)

    def end(self, status=0):
        self.process.stdin.close()
        try:
            assert self.process.wait(timeout=LONG) == status
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def word(bus, called):
    return next(one for one in bus.statistics().words if one.name == called)


def until_somebody_waits(bus, called):
    while word(bus, called).waiters == 0:
        pass
