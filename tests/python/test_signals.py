# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in every place where the main thread may be."""

import pytest

# The program is told to interrupt itself once it is where it should be: a thread sends the signal
# when the kernel runs, so that nothing depends on time.
PROGRAM = """
import asyncio, os, signal, threading, cogway
# A program started in the background of a shell inherits an ignored SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
engine = cogway.Engine(native_workers=1, python_workers=1, grace=1.0)
ticket = engine.c_spawn("core.spin", ns=10**12)

go = threading.Event()

def interrupt():
    go.wait()
    while not ticket.running():
        pass
    os.kill(os.getpid(), signal.SIGINT)

async def wait():
    go.set()  # not before: asyncio.run has its own handler of the signal in place only now
    await ticket

threading.Thread(target=interrupt).start()
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted")
    {after}
"""


@pytest.mark.parametrize(
    "wait",
    [
        "go.set(); ticket.result()",
        "go.set(); ticket.exception(timeout=1000)",
        "go.set(); engine.drain()",
        "asyncio.run(wait())",
        "go.set(); engine.__exit__(None, None, None)",
    ],
)
@pytest.mark.parametrize("after", ["engine.close()", "pass"])
def test_interrupted(script, wait, after):
    result = script(PROGRAM.format(wait=wait, after=after))
    assert result.stdout == "interrupted\n"
    assert "Traceback" not in result.stderr


# Here the work itself interrupts the program, once it has begun, and then waits.
WORK = """
import asyncio, os, signal, threading, cogway
signal.signal(signal.SIGINT, signal.default_int_handler)
engine = cogway.Engine(native_workers=1, background_workers=1, python_workers=1, grace=60.0)
begun, gate = threading.Event(), threading.Event()

def main_sleeps():
    with open(f"/proc/self/task/{{os.getpid()}}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "S"

def interrupt():
    # A signal between the interpreter's last look and a lock's sleep would wake nobody.
    while {patient} and threading.get_native_id() != os.getpid() and not main_sleeps():
        os.sched_yield()
    os.kill(os.getpid(), signal.SIGINT)

def block(x=None):
    interrupt()
    gate.wait()

async def block_async(x=None):
    interrupt()
    await asyncio.Event().wait()

def source():
    yield b"one"
    block()

async def source_async():
    yield b"one"
    await block_async()

def until_cancelled(then):
    begun.set()
    while not cogway.cancelled():
        os.sched_yield()
    then()

def interrupt_and_obey():
    interrupt()
    until_cancelled(lambda: None)

def when_a_kernel_runs():
    while not any(worker.running for worker in engine.statistics().workers):
        os.sched_yield()
    interrupt()

async def consume(pipeline):
    async for _ in pipeline:
        pass

flow = cogway.Pipeline(engine)
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted")
finally:
    gate.set()
{after}
"""
KERNEL = "threading.Thread(target=when_a_kernel_runs).start(); "


@pytest.mark.parametrize(
    "wait",
    [
        "engine.spawn(block).result()",
        "engine.spawn(block_async).result()",
        "engine.spawn(block).as_concurrent().result()",
        "engine.spawn(block).as_concurrent().exception()",
        "engine.spawn(block); engine.drain()",
        "engine.spawn(interrupt_and_obey); engine.__exit__(None, None, None)",
        "engine.spawn(until_cancelled, block); begun.wait(); engine.close()",
        KERNEL + "engine.c_map('core.spin', 4, ns=10**12).result()",
        KERNEL + "engine.c_spawn('core.spin', ns=10**12).as_concurrent().result()",
        "list(flow.source(source).native('core.copy'))",
        "list(flow.source([1]).python(block))",
        "list(flow.source([1]).python(block_async))",
        "list(flow.source(source_async).native('core.copy'))",
        "asyncio.run(consume(flow.source(source).native('core.copy')))",
        "asyncio.run(consume(flow.source([1]).python(block)))",
        "asyncio.run(consume(flow.source([1]).python(block_async)))",
        "asyncio.run(consume(flow.source(source_async).native('core.copy')))",
    ],
)
@pytest.mark.parametrize("after", ["engine.close()", "pass"])
def test_interrupted_by_its_work(script, wait, after):
    # A close() that is interrupted leaves the callable behind, which may be about to end.
    result = script(
        WORK.format(wait=wait, after=after, patient="as_concurrent" in wait),
        counted="begun" not in wait,
    )
    assert result.stdout == "interrupted\n"
    assert "Traceback" not in result.stderr


def test_interrupted_at_exit(script):
    # Grace would be a minute: Ctrl-C ends it. The callable goes on, so it is named.
    result = script(
        WORK.format(
            patient=False,
            wait="pass",
            after="gate.clear(); engine.spawn(until_cancelled, block); begun.wait()",
        ),
        counted=False,
    )
    assert "abandoned at exit: cogway: cogway-python-0 in until_cancelled" in result.stderr


def test_an_interrupted_join_takes_no_running_thread_for_an_ended_one(script):
    result = script("""
        import os, signal, threading
        from cogway._joinable import JoinableThread

        gate, caught = threading.Event(), []
        signal.signal(signal.SIGINT, signal.default_int_handler)

        def main_sleeps():
            with open(f"/proc/self/task/{os.getpid()}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "S"

        def work():
            while not main_sleeps():
                os.sched_yield()
            os.kill(os.getpid(), signal.SIGINT)
            gate.wait()

        thread = JoinableThread(target=work)
        thread.start()
        try:
            thread.join(30)
        except KeyboardInterrupt:
            print("interrupted", thread.is_alive())
        thread.join(0.0)
        print(thread.is_alive())
        gate.set()
        thread.join()
        print(thread.is_alive())
        """)
    assert result.stdout == "interrupted True\nTrue\nFalse\n"


def test_interrupted_under_uvloop(script):
    pytest.importorskip("uvloop", reason="uvloop has no wheel for this interpreter")
    result = script(
        PROGRAM.format(wait="import uvloop; uvloop.run(wait())", after="engine.close()")
    )
    assert result.stdout == "interrupted\n"


def test_uncaught(script):
    result = script(PROGRAM.format(wait="go.set(); ticket.result()", after="raise"), check=False)
    assert result.returncode == -2 or result.returncode == 130, result
    assert "KeyboardInterrupt" in result.stderr


# A kernel that never returns, and a close() that gives it up; it runs no Python code until then.
CLOSING = """
import ctypes, os, signal, threading, cogway
signal.signal(signal.SIGINT, signal.default_int_handler)
engine = cogway.Engine(native_workers=1, background_workers=1)
pause = ctypes.CDLL(None).pause
pause.argtypes, pause.restype = [], ctypes.c_int
ticket = engine.c_spawn(pause)
while not ticket.running():
    os.sched_yield()

def interrupt():
    while "closing" not in repr(engine):
        os.sched_yield()
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    engine.close(grace=1.0)
except KeyboardInterrupt:
    print("interrupted")
engine.close()
print(engine.closed)
"""


def test_a_close_that_gives_a_kernel_up_is_interrupted(script):
    result = script(CLOSING, counted=False)  # the ticket of a kernel that is left behind stays
    assert result.stdout == "interrupted\nTrue\n"
    assert "Traceback" not in result.stderr


def test_ctrl_c_in_a_log_handler_is_raised_where_the_program_waits(script):
    result = script(
        """
        import ctypes, logging, os, signal, cogway
        signal.signal(signal.SIGINT, signal.default_int_handler)

        class Interrupted(logging.Handler):
            def emit(self, record):
                logging.getLogger("cogway").removeHandler(self)
                raise KeyboardInterrupt

        logging.getLogger("cogway").addHandler(Interrupted())
        engine = cogway.Engine(native_workers=1, background_workers=1)
        pause = ctypes.CDLL(None).pause
        pause.argtypes, pause.restype = [], ctypes.c_int
        ticket = engine.c_spawn(pause)
        while not ticket.running():
            os.sched_yield()
        try:
            engine.close(grace=0.01)
        except KeyboardInterrupt:
            print("interrupted")
        """,
        counted=False,  # the ticket of a kernel that is left behind stays
    )
    assert result.stdout == "interrupted\n"
    assert "Traceback" not in result.stderr
