# SPDX-License-Identifier: Apache-2.0
"""Fork after start: the child's copy of an engine is inert, the parent's goes on."""

import sys

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def test_the_child_is_refused_and_can_make_its_own(script):
    result = script("""
        import os, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        engine = cogway.Engine(native_workers=1)
        engine.spawn(lambda: 1).result()
        cogway.c_spawn("core.noop").result()
        pid = os.fork()
        if pid == 0:
            for call in (lambda: engine.c_spawn("core.noop"), lambda: engine.spawn(print),
                         lambda: engine.c_map("core.noop", 3)):
                try:
                    call()
                except cogway.EngineClosed as error:
                    assert "parent" in str(error), error
                else:
                    raise AssertionError
            assert "parent" in repr(engine)
            engine.drain()
            engine.close()
            assert cogway.c_spawn("core.noop").result() is None
            with cogway.Engine(native_workers=1) as own:
                assert bytes(own.c_spawn("core.copy", b"abc").result()) == b"abc"
                assert own.spawn(max, 1, 2).result() == 2
                assert own.c_spawn("core.noop").as_concurrent().result() is None
            print("child", flush=True)
            raise SystemExit(0)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status
        assert engine.c_spawn("core.noop").result() is None
        assert engine.spawn(max, 1, 2).result() == 2
        engine.close()
        print("parent")
    """)
    assert result.stdout == "child\nparent\n"


def test_a_refused_spawn_starts_no_thread_in_the_child(script):
    script("""
        import os, threading, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        engine = cogway.Engine(native_workers=1)
        pid = os.fork()
        if pid == 0:
            try:
                engine.spawn(print)
            except cogway.EngineClosed as error:
                assert "parent" in str(error), error
            else:
                raise AssertionError
            assert threading.enumerate() == [threading.main_thread()]
            raise SystemExit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert engine.spawn(max, 1, 2).result() == 2
        engine.close()
    """)


def test_locks_that_were_held_at_the_fork_do_not_hang_the_child(script):
    script("""
        import gc, os, warnings, cogway
        from cogway import _kernels
        warnings.simplefilter("error", ResourceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        engine = cogway.Engine(native_workers=1)
        engine.spawn(lambda: 1).result()
        async def nothing(): pass
        engine.spawn(nothing).result()
        run = cogway.Pipeline(engine).source([b"a"] * 100).native("core.copy").run()
        next(run)
        # As if other threads were in the middle of resize(), close() and so on.
        held = [engine._lock, engine._python._lock, engine._coroutines._changed,
                _kernels._bundled_lock]
        for lock in held:
            lock.acquire()
        pid = os.fork()
        if pid == 0:
            run.close()
            del run
            assert engine.drain()
            engine.close()
            engine.close()
            try:
                engine.resize(python=2)
            except RuntimeError:
                pass
            else:
                raise AssertionError
            del engine
            gc.collect()
            assert cogway.kernels()
            with cogway.Engine(native_workers=1) as own:
                assert own.spawn(max, 1, 2).result() == 2
            raise SystemExit(0)
        for lock in held:
            lock.release()
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        run.close()
        engine.close()
    """)


def test_a_child_that_leaves_at_once(script):
    script("""
        import os, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        engine = cogway.Engine(native_workers=2)
        busy = [engine.c_spawn("core.spin", ns=50_000_000) for _ in range(4)]
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                raise SystemExit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        for ticket in busy:
            ticket.result()
        engine.close()
    """)


def test_tickets_of_the_parent_do_not_hang_the_child(script):
    script("""
        import os, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        engine = cogway.Engine(native_workers=1)
        ticket = engine.c_spawn("core.spin", ns=10**12)
        pid = os.fork()
        if pid == 0:
            for wait in (ticket.result, ticket.exception):
                try:
                    wait()
                except cogway.EngineClosed as error:
                    assert "parent process" in str(error)
                else:
                    os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        ticket.cancel()
        engine.close()
    """)


def test_what_ended_before_the_fork_is_there_in_the_child(script):
    script("""
        import os, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        with cogway.Engine(native_workers=1) as engine:
            ticket = engine.spawn(max, 1, 2)
            ticket.result()
            pid = os.fork()
            if pid == 0:
                os._exit(0 if ticket.result() == 2 else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    """)


def test_a_pipeline_of_the_parent_does_not_hang_the_child(script):
    script("""
        import os, threading, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        gate = threading.Event()
        def source():
            yield b"a"
            gate.wait()
        with cogway.Engine(native_workers=1) as engine:
            run = cogway.Pipeline(engine).source(source).native("core.copy").run()
            next(run)
            pid = os.fork()
            if pid == 0:
                try:
                    next(run)
                except cogway.EngineClosed as error:
                    os._exit(0 if "parent process" in str(error) else 1)
                os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            gate.set()
            assert [*run] == []
    """)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(script, method):
    if method == "fork" and sys.version_info >= (3, 15):
        pytest.skip("fork of a threaded process is refused by this Python's multiprocessing")
    script(
        f"""
        import multiprocessing, warnings, cogway
        warnings.simplefilter("ignore", DeprecationWarning)
        if __name__ == "__main__":
            engine = cogway.Engine(native_workers=1)
            engine.spawn(lambda: 1).result()
            context = multiprocessing.get_context({method!r})
            with context.Pool(2) as pool:
                assert pool.map(abs, range(-3, 0)) == [3, 2, 1]
            engine.close()
        """
    )


def test_subprocesses(script):
    script("""
        import asyncio, subprocess, sys, cogway
        engine = cogway.Engine(native_workers=1)
        engine.c_spawn("core.noop").result()
        subprocess.run([sys.executable, "-c", ""], check=True, preexec_fn=lambda: None)
        async def main():
            await engine.c_spawn("core.noop")
            child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
            assert await child.wait() == 0
            await engine.c_spawn("core.noop")
        asyncio.run(main())
        engine.close()
    """)
