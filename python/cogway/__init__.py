# SPDX-License-Identifier: Apache-2.0
"""cogway: an async-native hybrid runtime for CPython.

Native threads, Python workers and the event loop, and one place where they meet:

    async with cogway.Engine() as engine:
        image = await engine.c_spawn("image.decode", jpeg_bytes)
"""

from __future__ import annotations

from pathlib import Path as _Path

from cogway._accept import kernel
from cogway._arguments import In, InOut, Out, Scalar
from cogway._bus import (
    BusStatistics,
    SharedBusOwner,
    SharedBusStatistics,
    SharedChannelReport,
    SharedWordStatistics,
)
from cogway._channel import ChannelStatistics
from cogway._channel_tasks import ChannelTaskSide
from cogway._core import (
    BatchTicket,
    Buffer,
    Bus,
    Kernel,
    SharedBus,
    SharedChannel,
    SharedMutex,
    Ticket,
    __version__,
    cancelled,
)
from cogway._debug import Finding
from cogway._default import c_spawn, default_engine, setup, spawn
from cogway._engine import Engine
from cogway._errors import (
    BusExhausted,
    ChannelClosed,
    ChannelEmpty,
    CogwayError,
    EngineClosed,
    KernelError,
    OwnerDied,
    QueueFull,
    RemoteTraceback,
    StrategyUnavailable,
    WorkerLost,
)
from cogway._kernels import KernelInfo, PackInfo, ParameterInfo, kernels, load, packs
from cogway._posts import PostHandler
from cogway._scheduling import ThreadSchedule, schedule_thread
from cogway._spawn_map import SpawnMap
from cogway._statistics import (
    BridgeStatistics,
    EngineStatistics,
    KernelStatistics,
    MailboxStatistics,
    PostStatistics,
    PythonStatistics,
    WorkerClassStatistics,
    WorkerStatistics,
)
from cogway._strategy import Processes, strategies, worker_bus
from cogway.flow import (
    EPOCH,
    INDEX,
    POSITION,
    VALUE,
    Batch,
    Item,
    Pipeline,
    PipelineFailure,
    PipelineRun,
    PipelineStatistics,
    StageStatistics,
)

__all__ = [
    "EPOCH",
    "INDEX",
    "POSITION",
    "VALUE",
    "Batch",
    "BatchTicket",
    "BridgeStatistics",
    "Buffer",
    "Bus",
    "BusExhausted",
    "BusStatistics",
    "ChannelClosed",
    "ChannelEmpty",
    "ChannelStatistics",
    "ChannelTaskSide",
    "CogwayError",
    "Engine",
    "EngineClosed",
    "EngineStatistics",
    "Finding",
    "In",
    "InOut",
    "Item",
    "Kernel",
    "KernelError",
    "KernelInfo",
    "KernelStatistics",
    "MailboxStatistics",
    "Out",
    "OwnerDied",
    "PackInfo",
    "ParameterInfo",
    "Pipeline",
    "PipelineFailure",
    "PipelineRun",
    "PipelineStatistics",
    "PostHandler",
    "PostStatistics",
    "Processes",
    "PythonStatistics",
    "QueueFull",
    "RemoteTraceback",
    "Scalar",
    "SharedBus",
    "SharedBusOwner",
    "SharedBusStatistics",
    "SharedChannel",
    "SharedChannelReport",
    "SharedMutex",
    "SharedWordStatistics",
    "SpawnMap",
    "StageStatistics",
    "StrategyUnavailable",
    "ThreadSchedule",
    "Ticket",
    "WorkerClassStatistics",
    "WorkerLost",
    "WorkerStatistics",
    "__version__",
    "build_info",
    "c_spawn",
    "cancelled",
    "default_engine",
    "get_cmake_dir",
    "get_include",
    "get_pkgconfig_dir",
    "kernel",
    "kernels",
    "load",
    "packs",
    "processors",
    "schedule_thread",
    "setup",
    "spawn",
    "strategies",
    "thread_pools",
    "worker_bus",
]


def build_info() -> dict[str, str | int | bool]:
    """Return how this build was made: version, compiler, kernel ABI, sanitizer, flavour."""
    from cogway import _core

    return {"version": __version__, **_core.build_info()}


def processors() -> dict[str, int | float | None]:
    """Return the processors allowed by affinity, the control group's quota, and what is usable."""
    from cogway import _core

    return dict(_core.processors())


def thread_pools() -> tuple[str, ...]:
    """Return the loaded libraries whose threads `Engine(openmp_threads=)` shares out.

    These are OpenMP runtimes and MKL: each calling thread may say how many threads it gets.
    """
    from cogway import _core

    return _core.thread_pools()


def get_include() -> str:
    """Return the folder of the C and C++ headers, for building kernels against."""
    return str(_Path(__file__).parent / "include")


def get_cmake_dir() -> str:
    """Return the folder of cogway's CMake package, for ``find_package(cogway)``."""
    return str(_Path(__file__).parent / "cmake")


def get_pkgconfig_dir() -> str:
    """Return the folder of ``cogway-kernel.pc``, for ``PKG_CONFIG_PATH``."""
    return str(_Path(__file__).parent / "pkgconfig")
