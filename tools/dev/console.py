# SPDX-License-Identifier: Apache-2.0
"""What ``./dev`` prints and how it runs other programs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from dev import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LOGS = ROOT / "build" / "logs"


class CommandFailed(Exception):
    """A program that ``./dev`` ran ended badly: which, how, and where its log is."""


class Refused(Exception):
    """``./dev`` cannot do what was asked; the message says what to do."""


def say(text: str) -> None:
    """Prints one line of progress at once, for a person and for a log alike."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tail(text: str, lines: int = 60) -> str:
    """The end of a long output."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    timeout: float | None = None,
) -> str:
    """Runs a program with its output in ``build/logs/<log>.log``.

    Args:
        command: The program and its arguments.
        log: Name of the log; a later command with the same name is appended.
        env: Variables added to the present ones.
        cwd: Folder that it runs in.
        timeout: Seconds after which it is ended.

    Returns:
        What this command printed.

    Raises:
        CommandFailed: It could not be started, ended with another status than 0, or ran too long.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    words = [os.fspath(word) for word in command]
    start = time.monotonic()
    with path.open("a+b") as stream:
        begin = stream.seek(0, os.SEEK_END)
        stream.write(f"$ {shlex.join(words)}\n".encode())
        stream.flush()
        try:
            done = subprocess.run(
                words,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
            status: int | str = done.returncode
        except subprocess.TimeoutExpired:
            status = f"ended after {timeout:.0f} s"
        except OSError as error:
            raise CommandFailed(f"{words[0]} could not be started: {error.strerror}") from error
        stream.seek(begin)
        output = stream.read().decode(errors="replace")
    if status != 0:
        seconds = time.monotonic() - start
        raise CommandFailed(
            f"{tail(output)}\n{words[0]}: status {status} after {seconds:.0f} s; "
            f"the whole log is {path.relative_to(ROOT)}"
        )
    return output


def query(command: Sequence[str | os.PathLike[str]]) -> str | None:
    """What a quick question to another program answers, or None when it fails."""
    try:
        done = subprocess.run(
            [os.fspath(word) for word in command],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def start_log(name: str) -> None:
    """Empties a log at the beginning of its step."""
    (LOGS / f"{name}.log").unlink(missing_ok=True)
