# SPDX-License-Identifier: Apache-2.0
"""A training in a process of its own, followed by what it says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway.demo.photographs import Photographs
    from cogway.demo.recipe import Recipe

COMMAND = (sys.executable, "-m", "cogway.demo.trainer")
"""Reads the task as one line of JSON, writes an event a line; see `cogway.demo.trainer`."""

_PATIENCE = 10.0
_TAIL = 4000


class FeedFailedError(RuntimeError):
    """A training ended without a result; the message is what it said last."""


def train_with(
    feed: str,
    data: Photographs,
    recipe: Recipe,
    model: str,
    event: Callable[[str, dict[str, Any]], None],
) -> dict[str, Any]:
    """Run one training in its own process and hand on what it says.

    Interrupted, it interrupts the training and waits until that has ended.

    Raises:
        FeedFailedError: It ended without a result.
    """
    task = {"folder": str(data.folder), "feed": feed, "model": model, "recipe": asdict(recipe)}
    result: dict[str, Any] | None = None
    # A file, not a pipe: what nobody reads meanwhile must not make the training wait.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with process.stdin as words:
                words.write(json.dumps(task) + "\n")
            for line in process.stdout:
                told = json.loads(line)
                event(feed, told)
                if told["event"] == "end":
                    result = told
            status = process.wait()
        finally:
            end(process)
            process.stdout.close()
        if status in {130, -signal.SIGINT}:
            raise KeyboardInterrupt
        if status != 0 or result is None:
            said.seek(0)
            last = said.read()[-_TAIL:].decode(errors="replace").strip()
            raise FeedFailedError(f"the training fed by {feed} failed (status {status}):\n{last}")
    del result["event"]
    return result


def end(process: subprocess.Popen[str]) -> None:
    """End a process that still runs, first by what Ctrl-C sends, so that it can tidy up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            continue
