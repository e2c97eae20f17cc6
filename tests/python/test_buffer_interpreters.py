# SPDX-License-Identifier: Apache-2.0
"""Buffers in interpreters with a GIL of their own, and at the end of a process."""

import contextlib
import gc
import subprocess
import sys
import textwrap

import pytest
from cogway import Buffer, Bus


def run_python(program):
    """Runs a program of its own; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


WORK = """
from cogway import Buffer, Bus
bus = Bus(1 << 20)
with bus.lease((4, 8), "float32") as buffer:
    view = memoryview(buffer)
    view[1, 2] = 5.0
    part = buffer[1, 2]
    assert part.item() == 5.0
    view.release()
    capsule = buffer.__dlpack__(max_version=(1, 0))
    del part, capsule
    buffer.freeze()
memory = bytearray(100)
lent = Buffer.from_buffer(memory)
assert bus.copy(lent).nbytes == 100
bus.push("key", b"value")
kept = bus.snapshot("key")
assert bus.statistics().live_buffers == 1
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 12), reason="own-GIL interpreters came with 3.12")
def test_interpreters_with_their_own_gil_have_their_own_buffers():
    module = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    create = "create('isolated')" if sys.version_info >= (3, 13) else "create(isolated=True)"
    program = f"""
    import threading
    import {module} as interpreters
    WORK = {WORK!r}
    exec(WORK)
    failures = []
    def run():
        try:
            interpreter = interpreters.{create}
            for _ in range(3):
                failed = interpreters.run_string(interpreter, WORK)
                if failed is not None:
                    failures.append(failed)
            interpreters.destroy(interpreter)
        except BaseException as error:
            failures.append(error)
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert not failures, failures
    exec(WORK)
    print("done")
    """
    assert run_python(program) == "done\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "leftover",
    [
        "buffer = Bus(1 << 20).lease(10)",
        "view = memoryview(Bus(1 << 20).lease(10))",
        "part = Bus(1 << 20).lease((4, 4))[1]",
        "lent = Buffer.from_buffer(bytearray(10))",
        "capsule = Bus(1 << 20).lease(10).__dlpack__()",
        "bus = Bus(1 << 20); bus.push('key', b'value'); kept = bus.snapshot('key')",
        "import sys; sys.keep = memoryview(Bus(1 << 20).lease(10))",
    ],
)
def test_exit_with_live_buffers_is_quiet(leftover):
    assert run_python(f"from cogway import Buffer, Bus\n{leftover}\nprint('bye')") == "bye\n"


REFUSALS = (BufferError, MemoryError, ValueError, LookupError, TypeError, AttributeError)


def exercise(bus):
    buffer = bus.lease((4, 4), "int32")
    for _ in range(10):
        with memoryview(buffer) as view:
            view[0, 0] = 1
        buffer[1:, ::2].tobytes()
        buffer.__dlpack__()
        repr(buffer), buffer.shape, buffer.strides, buffer.__array_interface__
    buffer.freeze()
    bus.push("key", buffer)
    bus.snapshot("key")
    bus.pop("key")
    Buffer.from_buffer(bytearray(8)).release()
    bus.copy(b"abc")
    for refused in (
        buffer.__dlpack__,
        lambda: bus.lease(1 << 30),
        lambda: bus.lease(-1),
        lambda: bus.lease(1, "text"),
        lambda: bus.snapshot("gone"),
        lambda: bus.push(1, b""),
        lambda: buffer[9],
        lambda: Buffer.from_dlpack(3),
    ):
        with contextlib.suppress(
            BufferError, MemoryError, ValueError, LookupError, TypeError, AttributeError
        ):
            refused()


@pytest.mark.skipif(
    not hasattr(sys, "getallocatedblocks") or sys.getallocatedblocks() == 0,
    reason="this build does not count its blocks",
)
def test_no_python_memory_leaks():
    bus = Bus(1 << 20)
    for _ in range(50):
        exercise(bus)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(200):
        exercise(bus)
    gc.collect()
    grown = sys.getallocatedblocks() - before
    assert grown < 100, f"{grown} blocks in 200 rounds"
    assert bus.statistics().live_buffers == 0
