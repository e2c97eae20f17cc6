# SPDX-License-Identifier: Apache-2.0
"""What contestants share: the three things that are done, and the server of the third."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

work: Any = sibling(__file__, "_work")
server: Any = sibling(__file__, "_server")


class Way(Contestant):
    """A way of having several things done; a subclass says how many at a time it can do."""

    most_parts: int | None = None
    reads = True  # whether it has an answer to waiting for a server

    def open(self) -> None:
        self._server: Any = None
        self.start()

    def start(self) -> None:
        """Set up workers; not measured."""

    def stop(self) -> None:
        """Let go of them."""

    def refuses(self, case: Case) -> str | None:
        if self.most_parts is not None and case.number("parts") > self.most_parts:
            return "it does one thing at a time"
        if case.text("do") == "io" and not self.reads:
            return "threads are enough for waiting"
        return None

    def measure(self, case: Case) -> dict[str, float]:
        parts, steps = case.number("parts"), case.count(4_000_000, 40_000)
        match case.text("do"):
            case "io":
                if self._server is None:
                    self._server = server.Server()
                return {"ms": self.read(parts, self._server.port)}
            case "beside":
                return self.beside(steps, parts)
        return {"ms": self.count(steps, parts)}

    def count(self, steps: int, parts: int) -> float:
        """Count down in so many parts; return the milliseconds."""
        raise NotImplementedError

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        """Count down beside a loop; return how late that was, and the milliseconds."""
        raise NotImplementedError

    def read(self, parts: int, port: int) -> float:
        """Read every connection, so many at a time; return the milliseconds."""
        raise NotImplementedError

    def close(self) -> None:
        self.stop()
        if self._server is not None:
            self._server.close()


def read_share(parts: int, port: int) -> None:
    """Read one part's connections, one after another.

    Raises:
        RuntimeError: bytes are missing.
    """
    for _ in range(work.CONNECTIONS // parts):
        if work.read_all(port) != server.TOTAL:
            raise RuntimeError("the server closed too early")
