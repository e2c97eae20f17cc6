# SPDX-License-Identifier: Apache-2.0
"""The physical limit: a hand-written program over libjpeg-turbo with two threads (`floor/`)."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from harness import Case, Contestant, built, sibling

data: Any = sibling(__file__, "_data")
crops: Any = sibling(__file__, "_crops")


class Floor(Contestant):
    label = "hand-written C++, libjpeg-turbo, 2 threads"

    def open(self) -> None:
        self._program = built.find("loading/floor/cogway_bench_loading")
        self._kind = ""
        self._epoch = 0
        self._process: subprocess.Popen[str] | None = None

    def measure(self, case: Case) -> dict[str, float]:
        if case.text("data") != self._kind or case.text("do") == "first":
            self._use(case.text("data"))
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._epoch += 1
        began = time.perf_counter()
        self._process.stdin.write(f"{self._epoch}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program ended with status {self._process.wait()}")
        seconds = time.perf_counter() - began
        found: dict[str, float] = json.loads(line)
        found["first_batch_ms"] = found["first_batch_s"] * 1e3
        images = data.COUNTS[self._kind] // crops.BATCH * crops.BATCH
        found["images_per_s"] = images / seconds  # by the same clock as the others
        return found

    def close(self) -> None:
        self._use("")

    def _use(self, kind: str) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None
        self._kind = kind
        if kind:
            data.files(kind)
            arguments = [str(self._program), "--serve", "--data", str(data.folder(kind))]
            arguments += ["--batch", str(crops.BATCH), "--threads", str(crops.WORKERS)]
            self._process = subprocess.Popen(
                [*arguments, "--seed", "7"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
