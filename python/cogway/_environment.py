# SPDX-License-Identifier: Apache-2.0
"""Defaults from the environment: those of the Python side; the native side reads its own."""

from __future__ import annotations

import os

MOST_THREADS = 4096
"""Most workers of a class."""
_LONGEST_INTERVAL = 3600.0


def _refuse(name: str, text: str, expected: str) -> ValueError:
    return ValueError(f'environment variable {name}={text!r}: expected "auto" or {expected}')


def count_of(name: str) -> int | None:
    """Return a number of workers; None when the variable is unset, empty or ``auto``.

    Raises:
        ValueError: It holds something else than a positive integer.
    """
    text = os.environ.get(name, "")
    if text in ("", "auto"):
        return None
    expected = f"an integer from 1 to {MOST_THREADS}"
    try:
        value = int(text)
    except ValueError:
        raise _refuse(name, text, expected) from None
    if not 1 <= value <= MOST_THREADS:
        raise _refuse(name, text, expected)
    return value


def nanoseconds_of(name: str) -> int | None:
    """Return what the native side has taken from the variable; None when it chooses itself."""
    text = os.environ.get(name, "")
    return None if text in ("", "auto") else int(text)


def interval_of(name: str) -> float | None:
    """Return a positive time in seconds; None when the variable is unset, empty or ``auto``.

    Raises:
        ValueError: It holds something else.
    """
    text = os.environ.get(name, "")
    if text in ("", "auto"):
        return None
    try:
        return checked_interval(name, float(text))
    except ValueError:
        expected = f"a number of seconds, more than 0 and at most {_LONGEST_INTERVAL:g}"
        raise _refuse(name, text, expected) from None


def checked_interval(name: str, seconds: float) -> float:
    """Return a switch interval that Python will take.

    Raises:
        ValueError: It is not positive, not a number, or beyond reason.
    """
    if not 0 < seconds <= _LONGEST_INTERVAL:
        raise ValueError(
            f"{name} must be more than 0 and at most {_LONGEST_INTERVAL:g} seconds, got {seconds!r}"
        )
    return seconds
