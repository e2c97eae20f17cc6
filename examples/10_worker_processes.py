# SPDX-License-Identifier: Apache-2.0
"""Python in parallel under the GIL: worker processes, and a buffer that all read without a copy."""

import cogway


def count(text: cogway.Buffer, letter: str) -> int:
    """Count a letter: runs in a worker process, on memory that it shares with the parent."""
    return bytes(memoryview(text)).count(letter.encode())


def main() -> None:
    """Count the letters of a text in two processes."""
    with cogway.Engine(strategy="processes", python_workers=2) as engine:
        text = engine.worker_bus.copy(b"the quick brown fox jumps over the lazy dog " * 10_000)
        counts = engine.starmap(count, ((text, letter) for letter in "aeiou"))
        print(dict(zip("aeiou", counts, strict=True)))


if __name__ == "__main__":
    main()
