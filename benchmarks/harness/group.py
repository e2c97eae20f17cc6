# SPDX-License-Identifier: Apache-2.0
"""The process group of a run: contestants, hogs and programs, and the processor time they used."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.child import encode_case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.question import Case

_HARNESS_ROOT = Path(__file__).resolve().parents[1]


class ContestantError(Exception):
    """A contestant failed: it raised, died or did not answer in time."""


class Group:
    """Starts processes in one process group of their own and ends them all together."""

    def __init__(self) -> None:
        self._id = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        arguments: list[str],
        *,
        environment: dict[str, str] | None = None,
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = subprocess.DEVNULL,
        stderr: IO[bytes] | int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process in the group (the first one leads it)."""
        for group in (self._id, 0):
            with contextlib.suppress(PermissionError, ProcessLookupError):
                process = subprocess.Popen(
                    arguments,
                    env=environment,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    process_group=group,
                )
                break
        else:  # pragma: no cover - a new group is always allowed
            raise ContestantError(f"cannot start {arguments[0]}")
        if group == 0:
            self._id = process.pid
        self._processes.append(process)
        return process

    def cpu_seconds(self) -> float:
        """Return the processor time that the group and this process have used so far.

        Children that ended are counted in their parents, as the kernel does when they are waited
        for.
        """
        groups = {process.pid for process in self._processes}
        ticks = 0
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError):
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) in groups:
                    ticks += sum(map(int, fields[11:15]))
        usage = os.times()
        own = usage.user + usage.system + usage.children_user + usage.children_system
        return ticks / os.sysconf("SC_CLK_TCK") + own

    def close(self) -> None:
        """End every process of the group."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(os.getpgid(process.pid), number)
            deadline = time.monotonic() + 2.0
            for process in self._processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
        self._processes.clear()


class Child:
    """One contestant's process, spoken to in JSON Lines."""

    def __init__(
        self,
        group: Group,
        path: Path,
        python: str,
        timeout_s: float,
        added: Mapping[str, str] | None = None,
    ) -> None:
        environment = {**os.environ, **(added or {})}
        paths = [str(_HARNESS_ROOT), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self.name = path.stem
        self._timeout_s = timeout_s
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        self._process = group.start(
            [python, "-P", "-m", "harness.child", str(path)],
            environment=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._rest = b""
        self.hello = self._read()

    def measure(self, case: Case) -> dict[str, Any]:
        """Run one round and return the child's answer: `values` or `refused`.

        Raises:
            ContestantError: the contestant raised, died or overran its time.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"case": encode_case(case)}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._process.wait()
            raise ContestantError(
                self._epitaph(f"ended with status {self._process.returncode}")
            ) from None
        message = self._read()
        if "error" in message:
            raise ContestantError(f"{self.name}: {message['error'].strip()}")
        return message

    @property
    def alive(self) -> bool:
        """Whether the contestant's process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ask the contestant to end, and wait for it."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10.0)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self._process.kill()
                    raise ContestantError(
                        self._epitaph(f"did not answer within {self._timeout_s:.0f} s")
                    )
                piece = os.read(descriptor, 1 << 16)
                if not piece:
                    self._process.wait()
                    raise ContestantError(
                        self._epitaph(f"ended with status {self._process.returncode}")
                    )
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _epitaph(self, what: str) -> str:
        self._log.seek(0)
        tail = self._log.read()[-2000:].decode(errors="replace").strip()
        return f"{self.name}: the contestant {what}" + (f"\n{tail}" if tail else "")


def start_hogs(group: Group, count: int) -> list[subprocess.Popen[bytes]]:
    """Start processes that burn one core each until they are killed."""
    body = "import sys\nsys.stdout.write('on\\n'); sys.stdout.flush()\nwhile True: pass"
    hogs = [group.start([sys.executable, "-c", body], stdout=subprocess.PIPE) for _ in range(count)]
    for hog in hogs:
        assert hog.stdout is not None
        hog.stdout.readline()
    return hogs


def stop_hogs(hogs: list[subprocess.Popen[bytes]]) -> None:
    """End the hogs."""
    for hog in hogs:
        hog.kill()
        hog.wait()
        if hog.stdout is not None:
            hog.stdout.close()
