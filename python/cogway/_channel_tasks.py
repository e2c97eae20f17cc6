# SPDX-License-Identifier: Apache-2.0
"""Channels of a shared bus for tasks: what `SharedChannel.aio` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogway._errors import ChannelClosed

if TYPE_CHECKING:
    from cogway._core import Buffer, SharedChannel

__all__ = ["ChannelTaskSide"]


def _check(timeout: float) -> None:
    if not float(timeout) >= 0:
        raise ValueError(f"timeout must be a number of seconds, 0 or more, not {timeout!r}")


class ChannelTaskSide:
    """A channel for tasks: what waits gives the loop to others meanwhile, and uses no thread.

    Any loop of asyncio's kind, any number of them, in any threads. A task that is cancelled has
    sent nothing, and taken no message.

    Example:
        >>> async for frame in channel.aio:  # doctest: +SKIP
        ...     show(frame)
    """

    __slots__ = ("_channel",)

    def __init__(self, channel: SharedChannel) -> None:
        self._channel = channel

    async def send(
        self,
        message: Buffer | bytes | bytearray | memoryview,
        timeout: float | None = None,  # noqa: ASYNC109 -- as SharedChannel.send has it
    ) -> None:
        """As `SharedChannel.send`: waits by policy for room.

        Raises:
            TimeoutError: There was no room in time.
            QueueFull, ChannelClosed, ValueError, BufferError, EngineClosed, CogwayError: As there.
        """
        if timeout is not None:
            _check(timeout)
        offer = self._channel._offer
        if offer(message):
            return
        # Not before: it brings asyncio.
        from cogway._channel_wait import wait_for

        await wait_for(self._channel, True, lambda: offer(message) or None, timeout)

    async def receive(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 -- as SharedChannel.receive has it
    ) -> bytes | Buffer:
        """Return the oldest message, bytes or a frozen Buffer; waits for one.

        Raises:
            TimeoutError: None came in time.
            ChannelClosed, EngineClosed, CogwayError: As `SharedChannel.receive`.
        """
        if timeout is not None:
            _check(timeout)
        take = self._channel._take
        if (message := take()) is not None:
            return message
        from cogway._channel_wait import wait_for

        return await wait_for(self._channel, False, take, timeout)

    async def receive_many(
        self,
        n: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- as SharedChannel.receive_many has it
    ) -> list[bytes | Buffer]:
        """Return a list of the oldest messages, at most n; waits for the first alone.

        Raises:
            As `receive`.
        """
        if timeout is not None:
            _check(timeout)
        take = self._channel._take_many
        if (messages := take(n)) is not None:
            return messages
        from cogway._channel_wait import wait_for

        return await wait_for(self._channel, False, lambda: take(n), timeout)

    def __aiter__(self) -> ChannelTaskSide:
        """Return itself: iterating receives until the channel is closed and empty."""
        return self

    async def __anext__(self) -> bytes | Buffer:
        """Return the next message."""
        try:
            return await self.receive()
        except ChannelClosed:
            raise StopAsyncIteration from None

    def __repr__(self) -> str:
        """Return what it is the side of."""
        return f"<cogway.ChannelTaskSide of {self._channel!r}>"
