# SPDX-License-Identifier: Apache-2.0
"""C++ programs as contestants, and what contestants share: clocks, percentiles, built files."""

import stat
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not here", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from harness import Absent, built, calls, loops, program, run, samples  # noqa: E402
from harness.question import Case, Metric, Program, Question, Target  # noqa: E402

pytestmark = pytest.mark.slow  # contestants are processes
NS = Metric("ns", "ns")


def asked(folder):
    question = Question(
        title="A program",
        floor="mutex",
        rounds=2,
        cores=1,
        timeout_s=20.0,
        program=Program("cogway_bench_p"),
        cases=(Case("one", (NS,)),),
        targets=(Target("at most half", "one", "ns", 0.5, contestant="cogway", of=("*",)),),
    )
    object.__setattr__(question, "name", "p")
    object.__setattr__(question, "folder", folder)
    return question


def build(folder, script):
    path = folder / "benchmarks" / "p" / "cogway_bench_p"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return run.Options(look_s=0.0, force=True, builds=(folder,))


def test_its_lines_become_rows_with_ratios(tmp_path):
    options = build(
        tmp_path,
        "import json, sys\n"
        "assert sys.argv[1:] == ['--json', '--rounds', '2'], sys.argv\n"
        "for name, values in (('mutex', [10, 30]), ('cogway', [4, 12])):\n"
        "    print(json.dumps({'case': 'one', 'contestant': name, 'metric': 'ns',\n"
        "                      'samples': values}))\n"
        "print(json.dumps({'absent': 'boost', 'reason': 'not found'}))\n",
    )
    found = run.run(asked(tmp_path), options)
    assert {row.contestant: row.ratio for row in found.rows} == {"mutex": 1.0, "cogway": 0.4}
    assert found.absent == {"boost": "not found"}
    assert [verdict.met for verdict in found.verdicts] == [True]


def test_n_and_rounds_are_handed_over(tmp_path):
    options = build(
        tmp_path, "import sys\nsys.exit(sys.argv[1:] != ['77', '--json', '--rounds', '5'])"
    )
    options.count, options.rounds = 77, 5
    assert run.run(asked(tmp_path), options).rows == []


def test_its_failure_is_told_with_what_it_printed(tmp_path):
    options = build(tmp_path, "import sys\nsys.exit('no room')")
    with pytest.raises(program.ProgramError, match=r"status 1\nno room"):
        run.run(asked(tmp_path), options)


def test_a_program_that_is_not_built_says_how_to_build_it(tmp_path):
    with pytest.raises(built.NotBuiltError, match=r"\./dev bench"):
        run.run(asked(tmp_path), run.Options(look_s=0.0, force=True, builds=(tmp_path,)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("what?", "cannot be read"),
        ('{"case": "one", "metric": "ns", "samples": [1]}', "cannot be read"),
        ('{"case": "two", "contestant": "c", "metric": "ns", "samples": [1]}', "lacks: 'two'"),
    ],
)
def test_a_line_that_is_no_result_is_refused(tmp_path, line, message):
    options = build(tmp_path, f"print({line!r})")
    with pytest.raises(program.ProgramError, match=message):
        run.run(asked(tmp_path), options)


def test_builds_are_found_the_one_named_bench_first(tmp_path, monkeypatch):
    monkeypatch.delenv("COGWAY_BENCH_BUILD", raising=False)
    for name in ("a", "bench", "z"):
        (tmp_path / "build" / name).mkdir(parents=True)
        (tmp_path / "build" / name / "CMakeCache.txt").touch()
    (tmp_path / "build" / "logs").mkdir()
    assert built.folders(tmp_path)[0].name == "bench"
    assert len(built.folders(tmp_path)) == 3
    monkeypatch.setenv("COGWAY_BENCH_BUILD", str(tmp_path / "x"))
    assert built.folders(tmp_path) == (tmp_path / "x",)


def test_an_extension_that_is_not_built_counts_as_absent(monkeypatch, tmp_path):
    monkeypatch.setenv("COGWAY_BENCH_BUILD", str(tmp_path))
    with pytest.raises(ImportError, match="is not built"):
        built.extension("await/floor", "_await_floor")


def test_percentiles_and_what_lies_beyond_the_work():
    found = samples.latency([*range(1000, 101_000, 1000)], beyond_ns=1000)
    assert found["p50_us"] == 50.0
    assert found["p99_us"] == 99.0
    assert found["mean_us"] == pytest.approx(49.5)
    assert samples.percentile([3.0], 0.99) == 3.0


def test_the_tree_of_this_process_uses_processor_and_memory():
    before = samples.tree_cpu_seconds()
    sum(range(200_000))
    assert samples.tree_cpu_seconds() > before
    assert samples.tree_memory_mb() > 1.0


def test_a_call_costs_more_than_its_loop():
    cost = calls.nanoseconds(lambda: sum((1, 2, 3)), loops=200, slices=5)
    assert 0.0 < cost < 1e6


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_both_loops_time_what_is_awaited(name):
    async def nothing():
        return None

    if name == "uvloop":
        pytest.importorskip("uvloop")
    found = loops.run(name, loops.latencies(5, nothing))
    assert len(found) == 5
    assert all(value >= 0 for value in found)
    assert loops.run(name, loops.gather_rate(2, 10, nothing)) > 0


def test_without_uvloop_its_cases_are_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(Absent, match="uvloop"):
        loops.run("uvloop", loops.latencies(1, lambda: None))
