# SPDX-License-Identifier: Apache-2.0
"""What cogway's contestants share: a kernel, on an engine with one native worker or two."""

from __future__ import annotations

import time
from typing import Any

import cogway
from harness import Case, Contestant, sibling

frames: Any = sibling(__file__, "_frames")

ONE_FRAME = [
    cogway.In("uint8", ("height", "width", 3), name="pixels"),
    cogway.Out("uint8", ("height", "width")),
    "height",
    "width",
]
"""What a function that knows nothing of cogway is given: pixels, gray ones, and the size."""


class Kernel(Contestant):
    """A stream of frames, four under way at a time; each result is let go when it has come."""

    kernel: Any = ""
    can_check = True

    def open(self) -> None:
        self._engines: dict[int, cogway.Engine] = {}
        self._compared: set[str] = set()

    def refuses(self, case: Case) -> str | None:
        if case.params["checked"] and not self.can_check:
            return "it is not built with checks in its loops"
        return None

    def parameters(self, case: Case) -> dict[str, Any]:
        """Return the kernel's parameters."""
        return {"checked": bool(case.params["checked"])} if self.can_check else {}

    def chosen(self, case: Case) -> Any:
        """Return the kernel for a case."""
        del case
        return self.kernel

    def measure(self, case: Case) -> dict[str, float]:
        engine, given, parameters = self._engine(case), frames.frames(), self.parameters(case)
        kernel = self.chosen(case)
        if case.name not in self._compared:
            found = engine.c_spawn(kernel, given[0], params=parameters).result(60)
            frames.check(given[0], found)
            self._compared.add(case.name)
            engine.c_map(kernel, given, params=parameters).result(60)  # warms the bus
        turns = case.count(10, 1)
        began = time.perf_counter()
        for _ in range(turns):
            engine.c_map(kernel, given, params=parameters).result(60)
        return {"ms_per_frame": (time.perf_counter() - began) / (turns * frames.COUNT) * 1e3}

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()

    def _engine(self, case: Case) -> cogway.Engine:
        workers = case.number("workers")
        if workers not in self._engines:
            self._engines[workers] = cogway.Engine(native_workers=workers, background_workers=1)
        return self._engines[workers]
