# SPDX-License-Identifier: Apache-2.0
"""The classic demonstrations run as programs, with small sizes, and say what their pages claim."""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
RACE = ROOT / "benchmarks" / "race" / "_race.py"
GRAYSCALE = ROOT / "benchmarks" / "grayscale" / "question.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not here"),
]


def run(name: str, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_rung_of_the_grayscale_example_has_the_same_pixels():
    pytest.importorskip("numpy", reason="numpy has no wheel for this interpreter")
    text = run("12_grayscale.py", "7")
    assert "kernel:" in text
    if importlib.util.find_spec("numba") is None:
        pytest.skip("numba is not installed: its rung was not compared")
    assert "Numba:" in text


@pytest.mark.skipif(not GRAYSCALE.is_file(), reason="the benchmarks are not here")
@pytest.mark.parametrize("rung", ["cogway_cython", "cogway_numba"])
def test_a_function_taken_as_a_kernel_has_the_same_pixels_of_a_4k_frame(rung, monkeypatch):
    pytest.importorskip("numpy", reason="numpy has no wheel for this interpreter")
    monkeypatch.syspath_prepend(str(GRAYSCALE.parents[1]))
    from harness import Absent, contestant, question

    asked = question.load(GRAYSCALE.parents[1], "grayscale")
    try:
        found = contestant.load_class(GRAYSCALE.with_name(f"{rung}.py"))()
        found.open()
    except (ImportError, Absent) as error:
        pytest.skip(f"{rung}: {error}")
    try:
        for case in asked.cases:
            if found.refuses(case) is None:  # it compares every pixel, and raises if one differs
                assert found.measure(dataclasses.replace(case, quick=True))["ms_per_frame"] > 0
    finally:
        found.close()


def test_the_countdown_and_its_twin():
    text = run("13_countdown.py", "20000")
    assert "8 threads" in text
    assert "8 threads, 8 answers" in text


def test_the_race_ends_with_three_right_counters():
    text = run("14_race.py", "200")
    assert "locked: 2,000" in text
    assert "sectioned: 2,000" in text
    assert "atomic: 2,000" in text


@pytest.mark.skipif(not RACE.is_file(), reason="the benchmarks are not here")
@pytest.mark.parametrize("kind", ["locked", "critical_section", "atomic"])
def test_a_protected_counter_loses_nothing(kind):
    spec = importlib.util.spec_from_file_location("race_of_counters", RACE)
    race = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(race)
    found = race.repeat(kind, 2, 500)
    assert found["wrong_percent"] == 0
    assert found["lost_percent"] == 0
