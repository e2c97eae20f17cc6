# SPDX-License-Identifier: Apache-2.0
"""What debug mode finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake in native code that debug mode has seen (`Engine(debug=True)`).

    Texts are empty, and numbers 0, where there is nothing to say.

    Attributes:
        kind: ``"overrun"`` and ``"underrun"``: bytes were written past the end, or before the
            start; ``"use_after_free"``: after the memory was given back; ``"leak"``: a buffer was
            still held when its engine or bus was closed; ``"attached"``: native work entered
            Python.
        message: All of it as a sentence.
        kernel: The kernel whose call showed it, or that the buffer was leased for.
        argument: Which of its buffers: ``"output 0"``, ``"input 1"``, ``"scratch 0"``.
        buffer: The number of the buffer's lease on its bus, counted from 1.
        place: Where the buffer was leased, or the kernel called: ``"file:line"``.
        thread: The name of the thread that entered Python.
        offset: Of the first byte overwritten, from the first byte of the payload.
        nbytes: Bytes overwritten; for a leak, bytes held.
    """

    kind: Literal["overrun", "underrun", "use_after_free", "leak", "attached"]
    message: str
    kernel: str
    argument: str
    buffer: int
    place: str
    thread: str
    offset: int
    nbytes: int
