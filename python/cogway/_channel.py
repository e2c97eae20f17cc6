# SPDX-License-Identifier: Apache-2.0
"""What a channel of a shared bus tells about itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ChannelStatistics"]


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """A snapshot of a channel, counted by all its processes together.

    A process that is killed may leave its last step uncounted.

    Attributes:
        capacity: Messages that it holds.
        messages: Messages inside, those being sent among them.
        bytes: What the messages inside hold: a buffer all of its block.
        most_bytes: What they may hold together; 0: any number.
        openers: Processes that have it open.
        sent: Messages that went in.
        received: Messages that came out.
        dropped_oldest: Messages that were taken out for newer ones.
        dropped_newest: Messages that were let go, as it was full.
        refused: Messages that were refused, as it was full.
        abandoned: Messages whose senders died before they were whole.
        damaged: Messages that no process can have sent.
        send_waits: Waits for room that slept.
        send_timeouts: Waits for room that timed out.
        receive_waits: Waits for a message that slept.
        receive_timeouts: Waits for a message that timed out.
        closed: Whether it takes no more messages.
    """

    capacity: int
    messages: int
    bytes: int
    most_bytes: int
    openers: int
    sent: int
    received: int
    dropped_oldest: int
    dropped_newest: int
    refused: int
    abandoned: int
    damaged: int
    send_waits: int
    send_timeouts: int
    receive_waits: int
    receive_timeouts: int
    closed: bool
