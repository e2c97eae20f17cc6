# SPDX-License-Identifier: Apache-2.0
"""The exceptions that cogway raises, beside Python's own.

A wrong argument raises `TypeError` or `ValueError` at the call. A deadline that passes raises
`TimeoutError`. A cancelled ticket raises `asyncio.CancelledError` where it is awaited and
`concurrent.futures.CancelledError` where a thread asks for its result.
"""

from __future__ import annotations

__all__ = [
    "BusExhausted",
    "ChannelClosed",
    "ChannelEmpty",
    "CogwayError",
    "EngineClosed",
    "KernelError",
    "OwnerDied",
    "QueueFull",
    "RemoteTraceback",
    "StrategyUnavailable",
    "WorkerLost",
]


class CogwayError(Exception):
    """Base of every exception that cogway defines."""


class EngineClosed(CogwayError, RuntimeError):
    """The engine takes no more work, or was closed while this work was in flight."""


class KernelError(CogwayError):
    """A kernel ran and failed.

    Attributes:
        kernel: The kernel's name, for example ``"image.decode"``.
        status: The status code's name, for example ``"data_loss"``.
        message: What the kernel said.
    """

    def __init__(self, kernel: str, status: str, message: str) -> None:
        """Keep the three parts apart; `str()` joins them."""
        super().__init__(kernel, status, message)
        self.kernel = kernel
        self.status = status
        self.message = message

    def __str__(self) -> str:
        """Return ``"image.decode: data_loss: truncated at byte 512"``."""
        return (
            f"{self.kernel}: {self.status}: {self.message}"
            if self.message
            else (f"{self.kernel}: {self.status}")
        )


class BusExhausted(CogwayError, MemoryError):
    """The bus has no room for the bytes that this call needs, and the call does not wait."""


class QueueFull(CogwayError):
    """The engine's `queue_capacity` is reached, or a channel is full; the call does not wait."""


class ChannelClosed(CogwayError):  # noqa: N818: no error of whoever meets it
    """The channel takes no more messages, or nothing will come out of it any more."""


class ChannelEmpty(CogwayError):  # noqa: N818: no error of whoever meets it
    """The channel has no message, and the call does not wait."""


class OwnerDied(CogwayError):  # noqa: N818: says what happened
    """A process or thread ended with the SharedMutex: what it protects may be half changed."""


class WorkerLost(CogwayError):
    """The worker that ran this task died or was abandoned."""


class RemoteTraceback(CogwayError):  # noqa: N818: no error, but where one came from
    """The cause of an exception that was raised in a worker process: its traceback there."""

    def __str__(self) -> str:
        """Return the traceback as text."""
        return f'\n"""\n{self.args[0]}"""'


class StrategyUnavailable(CogwayError, RuntimeError):
    """This interpreter or build cannot run Python workers in the way that was asked for."""


for _name in __all__:
    globals()[_name].__module__ = "cogway"  # where tracebacks, pickles and users look for it
