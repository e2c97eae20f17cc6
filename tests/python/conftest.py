# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests: engines checked for leaks, loops of each kind, child processes."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import cogway
import pytest
from cogway.testing.plugin import cogway_engine, cogway_manual_engine, cogway_no_leaks
from hypothesis import HealthCheck, settings
from kernel_packs import DEAF, compile_pack

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["cogway_engine", "cogway_manual_engine", "cogway_no_leaks"]


# The same examples in each run, and no clock: a machine that is busy fails no property.
settings.register_profile(
    "cogway", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cogway")


def pytest_collection_finish() -> None:
    """Leave what imports made out of later collections: each leak check collects."""
    gc.collect()
    gc.freeze()


# A shell without job control starts what it puts into the background with Ctrl-C ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def engine(cogway_engine):
    """An engine of two native and two Python workers."""
    return cogway_engine


@pytest.fixture
def manual(cogway_manual_engine):
    """An engine that runs when told to."""
    return cogway_manual_engine


@pytest.fixture(scope="session")
def deaf(tmp_path_factory):
    """The path of a pack, loaded once, whose kernel deaf.wait returns after deaf.release only."""
    path = compile_pack("deaf", DEAF, tmp_path_factory.mktemp("deaf"))
    cogway.load(path)
    return path


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request) -> Callable[[Coroutine], object]:
    """Run a coroutine on a fresh loop, once on each kind of loop that is installed."""
    if request.param == "asyncio":
        return asyncio.run
    uvloop = pytest.importorskip("uvloop", reason="uvloop has no wheel for this interpreter")
    return uvloop.run


# Runs first in a child program, and last at its exit: when its own names are gone and its engines
# are closed, no ticket and no buffer may be left.
COUNT = """
def _count_at_exit():
    import gc, os, sys, threading

    def count():
        names = sys.modules["__main__"].__dict__
        for name in [name for name in names if not name.startswith("__")]:
            del names[name]
        for name in ("last_exc", "last_value", "last_traceback"):
            if hasattr(sys, name):
                delattr(sys, name)
        gc.collect()  # runs that were not closed end now, and their threads
        for thread in threading.enumerate():
            if thread.name.startswith("cw-flow-"):
                thread.join(30)
        if "cogway._concurrent" in sys.modules:
            sys.modules["cogway._concurrent"]._stop()
        gc.collect()
        _core.drain_mailbox()
        tickets = _core.live_tickets()
        buffers = sum(bus.statistics().live_buffers for bus in opened)
        if tickets or buffers:
            print(f"left: {tickets} tickets, {buffers} buffers", file=sys.stderr, flush=True)
            os._exit(70)

    threading._register_atexit(count)  # before cogway's own, so that it is called after it
    from cogway import _core, _lifetime
    watching = _lifetime.buses_opened()
    opened = watching.__enter__()
    os.register_at_fork(after_in_child=opened.clear)

_count_at_exit()
del _count_at_exit
"""


@pytest.fixture
def script() -> Callable[..., subprocess.CompletedProcess]:
    """Run a program in a child interpreter and return what it did.

    It fails (70) when it leaves tickets or buffers behind, unless it is not to be counted: one that
    abandons work does, by design.
    """

    def run_script(
        source: str,
        *,
        timeout: float = 60,
        check: bool = True,
        counted: bool = True,
        **environment: str,
    ):
        program = (COUNT if counted else "") + textwrap.dedent(source)
        result = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", program],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, **environment},
        )
        if check:
            assert result.returncode == 0, result.stderr
        return result

    return run_script
