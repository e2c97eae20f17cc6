# SPDX-License-Identifier: Apache-2.0
"""The soak: what it calls growth, and a turn of it."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "soak.py"
if not PATH.is_file():
    pytest.skip("the benchmarks are not here", allow_module_level=True)
spec = importlib.util.spec_from_file_location("cogway_soak", PATH)
soak = importlib.util.module_from_spec(spec)
sys.modules["cogway_soak"] = soak
spec.loader.exec_module(soak)

NOTHING = soak.Sample(
    seconds=0.0,
    tasks=0,
    rss_mb=50.0,
    record_allocations=0,
    live_buffers=0,
    descriptors=8,
    threads=2,
)


def samples(count=40, **change):
    """One a second: warming up to 100 MB and 12 allocations, then flat, changed as told."""
    found = []
    for number in range(1, count + 1):
        one = replace(
            NOTHING,
            seconds=float(number),
            tasks=number * 1000,
            rss_mb=min(100.0, 50.0 + number * 10),
            record_allocations=min(12, number * 4),
            descriptors=12,
            threads=9,
        )
        found.append(replace(one, **{name: law(number, one) for name, law in change.items()}))
    return found


def test_a_flat_run_is_ok_whatever_warming_up_took():
    verdict = soak.judge(samples(), NOTHING, NOTHING)
    assert verdict.problems == ()
    assert verdict.line() == (
        "soak ok: 40,000 tasks in 40 s, RSS 100.0 -> 100.0 MB, 0 native allocations after warming "
        "up, 0 buffers left"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rss_mb": lambda number, one: one.rss_mb + number}, "memory grew by 2"),
        ({"record_allocations": lambda number, one: number}, "asked for memory 32 times"),
    ],
)
def test_growth_is_told(change, problem):
    verdict = soak.judge(samples(**change), NOTHING, NOTHING)
    assert any(problem in one for one in verdict.problems)
    assert verdict.line().startswith("soak FAILED (")


def test_a_moving_allocator_is_not_growth():
    assert not soak.judge(
        samples(rss_mb=lambda number, one: one.rss_mb + number % 5), NOTHING, NOTHING
    ).problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"live_buffers": 3}, "3 buffers were left over"),
        ({"descriptors": 12}, "4 descriptors were left over"),
        ({"threads": 5}, "3 threads were left over"),
    ],
)
def test_what_is_left_over_is_told(change, problem):
    verdict = soak.judge(samples(), NOTHING, replace(NOTHING, **change))
    assert verdict.problems == (problem,)


def test_a_long_run_becomes_a_result_with_targets(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(PATH.parent))
    monkeypatch.setitem(sys.modules, "soak", soak)
    soak_result = importlib.import_module("soak_result")
    seen = samples(700, rss_mb=lambda number, one: one.rss_mb + number / 100)
    outcome = soak_result.outcome(soak.judge(seen, NOTHING, NOTHING), soak.warmed_up(seen))
    assert outcome.to_json() == type(outcome).from_json(outcome.to_json()).to_json()
    met = {verdict.text.split(",")[0]: verdict.met for verdict in outcome.verdicts}
    assert met == {
        "native allocations a task": True,
        "growth of resident memory over the run": False,
        "buffers": True,
    }
    (memory,) = (row for row in outcome.rows if row.metric.name == "rss_mb")
    assert len(memory.samples) >= 30


def test_a_short_run_is_not_stored(monkeypatch):
    monkeypatch.syspath_prepend(str(PATH.parent))
    monkeypatch.setitem(sys.modules, "soak", soak)
    soak_result = importlib.import_module("soak_result")
    with pytest.raises(ValueError, match="is a trial"):
        soak_result.save(soak.judge(samples(), NOTHING, NOTHING), samples())


def test_a_time_that_is_none_is_wrong_use():
    with pytest.raises(SystemExit, match="2"):
        soak.main(["--minutes", "0"])


@pytest.mark.slow
def test_a_short_soak_prints_its_verdict_and_samples(capsys):
    status = soak.main(["--minutes", "0.02", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["tasks"] > 5000
    assert found["verdict"]["buffers_left"] == 0
    assert len(found["samples"]) >= 1
    # In a second the pools still warm up; what a short run must not do is leave something over.
    assert not [one for one in found["verdict"]["problems"] if "left over" in one]
    assert status in (0, 1)
