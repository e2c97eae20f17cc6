# SPDX-License-Identifier: Apache-2.0
"""Fixtures for pytest: ``pytest_plugins = ["cogway.testing.plugin"]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cogway import Engine
from cogway.testing import ManualEngine, no_leaks

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cogway_no_leaks() -> Iterator[None]:
    """Fail a test that leaves tickets, buffers, threads or open engines behind."""
    with no_leaks():
        yield


@pytest.fixture
def cogway_engine() -> Iterator[Engine]:
    """Give an engine of two native and two Python workers; fail on anything that it leaks."""
    with no_leaks(), Engine(native_workers=2, python_workers=2) as engine:
        yield engine


@pytest.fixture
def cogway_manual_engine() -> Iterator[ManualEngine]:
    """Give a deterministic engine; fail on anything that it leaks."""
    with no_leaks(), ManualEngine() as engine:
        yield engine
