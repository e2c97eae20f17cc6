# SPDX-License-Identifier: Apache-2.0
"""The harness behind `cogway bench`: discovery, interleaved rounds, ratios, targets, results."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not here", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from harness import question as questions  # noqa: E402
from harness import result, run, store, table  # noqa: E402
from harness.group import Child, ContestantError, Group, start_hogs, stop_hogs  # noqa: E402
from harness.question import Case, Metric, Question, QuestionError, Target  # noqa: E402

pytestmark = pytest.mark.slow  # contestants are processes
DATA = Path(__file__).parent / "data" / "bench"


@pytest.fixture(scope="module")
def outcome():
    return run.run(questions.load(DATA, "tiny"), run.Options(look_s=0.0, force=True))


def row(outcome, case, contestant, metric):
    found = [
        row
        for row in outcome.rows
        if (row.case, row.contestant, row.metric.name) == (case, contestant, metric)
    ]
    assert len(found) == 1
    return found[0]


class TestDiscovery:
    def test_questions_are_folders_with_a_question_file(self):
        assert questions.discover(DATA) == ["tiny"]
        assert "harness" not in questions.discover(BENCHMARKS)

    def test_contestants_are_siblings_ours_then_the_floor_first(self):
        names = [path.stem for path in questions.load(DATA, "tiny").contestants()]
        assert names == ["cogway", "floor", "peer_broken", "peer_missing", "peer_slow"]

    def test_an_unknown_question_is_refused_with_the_known_ones(self):
        with pytest.raises(QuestionError, match=r"'big'.*tiny"):
            questions.load(DATA, "big")

    def test_a_file_without_a_question_is_refused(self, tmp_path):
        (tmp_path / "empty").mkdir()
        (tmp_path / "empty" / "question.py").write_text("")
        with pytest.raises(QuestionError, match="must define QUESTION"):
            questions.load(tmp_path, "empty")

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            (Target("t", "nowhere", "cost", 1.0), "names no case"),
            (Target("t", "one", "colour", 1.0), "names no metric"),
        ],
    )
    def test_a_target_must_name_what_is_measured(self, target, message):
        asked = Question(
            title="",
            floor="floor",
            cases=(Case("one", (Metric("cost", "ns"),)),),
            targets=(target,),
        )
        with pytest.raises(QuestionError, match=message):
            questions._check(asked)

    @pytest.mark.parametrize("name", questions.discover(BENCHMARKS))
    def test_every_question_of_the_checkout_loads_and_states_its_method(self, name):
        asked = questions.load(BENCHMARKS, name)
        assert asked.program is not None or [path.stem for path in asked.contestants()]
        text = (asked.folder / "README.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {name}")


class TestRounds:
    def test_every_contestant_has_one_sample_a_round(self, outcome):
        assert {len(row.samples) for row in outcome.rows} == {3}
        assert outcome.rounds == 3

    def test_rounds_are_interleaved_and_the_first_is_not_kept(self, outcome):
        # Both count their calls: call 1 warmed up, so the kept ones are 2, 3 and 4.
        assert row(outcome, "plain", "floor", "cost").samples == (20.0, 30.0, 40.0)
        assert row(outcome, "plain", "cogway", "cost").samples == (24.0, 36.0, 48.0)

    def test_a_ratio_pairs_rounds_so_that_drift_cancels(self, outcome):
        assert row(outcome, "plain", "cogway", "cost").ratio == pytest.approx(1.2)
        assert row(outcome, "plain", "peer_slow", "cost").ratio == pytest.approx(10.0)
        assert row(outcome, "plain", "floor", "cost").ratio == pytest.approx(1.0)

    def test_a_ratio_above_one_is_worse_for_speeds_too(self, outcome):
        assert row(outcome, "plain", "cogway", "speed").ratio == pytest.approx(1.2)

    def test_the_best_of_a_speed_is_its_greatest(self, outcome):
        assert row(outcome, "plain", "floor", "speed").best == pytest.approx(5e7)
        assert row(outcome, "plain", "floor", "cost").best == 20.0

    def test_an_absent_peer_is_told_and_fails_nothing(self, outcome):
        assert "a_package_that_nobody_has" in outcome.absent["peer_missing"]
        assert "peer_missing" not in outcome.failed

    def test_a_failing_contestant_is_told_with_its_traceback(self, outcome):
        assert "the answer to 'plain' is lost" in outcome.failed["peer_broken"]
        assert not [row for row in outcome.rows if row.contestant == "peer_broken"]

    def test_a_refused_case_is_told_with_its_reason(self, outcome):
        assert outcome.refused == {"peer_slow": {"doubled": "cannot double"}}

    def test_the_order_of_calls_alternates(self, tmp_path):
        folder = tmp_path / "turns"
        folder.mkdir()
        log = tmp_path / "log"
        for name in ("cogway", "floor"):
            (folder / f"{name}.py").write_text(
                "from harness import Contestant\n"
                "class C(Contestant):\n"
                f"    label = {name!r}\n"
                "    def measure(self, case):\n"
                f"        with open({str(log)!r}, 'a') as file: file.write({name[0]!r})\n"
                "        return {'cost': 1.0}\n"
            )
        (folder / "question.py").write_text(
            "from harness import Case, Metric, Question\n"
            "QUESTION = Question(title='', floor='floor', rounds=3, cores=1,\n"
            "    cases=(Case('one', (Metric('cost', 'ns'),)),))\n"
        )
        run.run(questions.load(tmp_path, "turns"), run.Options(look_s=0.0, force=True))
        assert log.read_text() == "cf" * 4

    def test_only_runs_the_named_peer_beside_ours_and_the_floor(self):
        found = run.run(
            questions.load(DATA, "tiny"),
            run.Options(look_s=0.0, force=True, only=("peer_slow",), cases=("plain",), rounds=1),
        )
        assert {row.contestant for row in found.rows} == {"cogway", "floor", "peer_slow"}
        assert {row.case for row in found.rows} == {"plain"}
        assert {verdict.text for verdict in found.verdicts} == {
            "cost at most 1.5 x the floor",
            "cost at most 1.1 x the floor",
            "faster than every peer",
        }

    def test_the_affinity_of_the_caller_is_given_back(self, outcome):
        before = os.sched_getaffinity(0)
        run.run(
            questions.load(DATA, "tiny"),
            run.Options(look_s=0.0, force=True, only=("floor",), cases=("plain",), rounds=1),
        )
        assert os.sched_getaffinity(0) == before


class TestTargets:
    def test_ratios_and_absolute_limits_are_judged(self, outcome):
        verdicts = {verdict.text: verdict for verdict in outcome.verdicts}
        met = verdicts["cost at most 1.5 x the floor"]
        missed = verdicts["cost at most 1.1 x the floor"]
        absolute = verdicts["at most 25 ns"]
        assert (met.met, missed.met, absolute.met) == (True, False, False)
        assert met.value == pytest.approx(1.2)
        assert absolute.value > 25.0
        assert not absolute.ratio

    def test_every_peer_means_the_worst_of_those_present(self, outcome):
        verdict = next(v for v in outcome.verdicts if v.text == "faster than every peer")
        assert (verdict.beside, verdict.met) == ("peer_slow", True)

    def test_without_samples_a_target_is_not_measured(self):
        asked = questions.load(DATA, "tiny")
        verdicts = result.judge(asked, {}, {"plain", "doubled"})
        assert {verdict.met for verdict in verdicts} == {None}
        assert all("not measured" in verdict.line() for verdict in verdicts)

    def test_without_a_floor_there_is_no_ratio(self):
        assert result.paired_ratio(Metric("cost", "ns"), [1.0], []) is None


class TestResult:
    def test_it_goes_through_json_unchanged(self, outcome):
        text = json.dumps(outcome.to_json())
        again = result.Outcome.from_json(json.loads(text))
        assert again.to_json() == json.loads(text)
        assert table.markdown(again) == table.markdown(outcome)

    def test_its_json_has_the_stated_keys(self, outcome):
        found = outcome.to_json()
        assert found["schema"] == result.SCHEMA
        assert {"question", "date", "machine", "machine_line", "quiet", "rows", "verdicts"} <= set(
            found
        )
        assert set(found["rows"][0]) == {
            "case", "contestant", "metric", "samples", "best", "median", "ratio",
        }  # fmt: skip
        assert set(found["machine"]) >= {"cpu", "cores", "kernel", "compiler", "python", "cogway"}

    def test_another_schema_is_refused(self, outcome):
        with pytest.raises(ValueError, match="measure again"):
            result.Outcome.from_json({**outcome.to_json(), "schema": 0})

    def test_the_newest_stored_result_of_a_question_wins(self, outcome, tmp_path):
        for slug, date in (("b", "2026-01-02 00:00 UTC"), ("a", "2026-01-03 00:00 UTC")):
            changed = result.Outcome.from_json({**outcome.to_json(), "slug": slug, "date": date})
            store.save(tmp_path, changed)
        assert store.latest(tmp_path)["tiny"].slug == "a"

    def test_a_broken_stored_result_is_named(self, tmp_path):
        (tmp_path / "results" / "m").mkdir(parents=True)
        (tmp_path / "results" / "m" / "q.json").write_text("{}")
        with pytest.raises(ValueError, match=r"q\.json"):
            store.latest(tmp_path)

    def test_the_table_shows_every_row_and_every_trouble(self, outcome):
        text = table.text(outcome)
        for part in (
            "cogway",
            "bare floor",
            "slow peer",
            "absent: peer_missing",
            "MISSED: at most",
        ):
            assert part in text
        assert "left out: peer_slow: cannot double (doubled)" in text

    @pytest.mark.parametrize(
        ("value", "text"),
        [(0.0, "0.00"), (0.0123, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"),
         (2249.4, "2,249"), (1234567.0, "1,235,000")],
    )  # fmt: skip
    def test_figures_have_three_or_four_significant_digits(self, value, text):
        assert table.number(value) == text


class TestProcesses:
    def test_a_contestant_that_dies_is_told_with_what_it_printed(self, tmp_path):
        path = tmp_path / "dies.py"
        path.write_text(
            "import os, sys\n"
            "from harness import Contestant\n"
            "class C(Contestant):\n"
            "    def measure(self, case):\n"
            "        print('last words', file=sys.stderr, flush=True); os._exit(7)\n"
        )
        group = Group()
        try:
            child = Child(group, path, sys.executable, 20.0)
            with pytest.raises(ContestantError, match=r"status 7\nlast words"):
                child.measure(Case("one", (Metric("cost", "ns"),)))
            child.close()
        finally:
            group.close()

    def test_a_contestant_that_hangs_is_ended(self, tmp_path):
        path = tmp_path / "hangs.py"
        path.write_text(
            "import threading\n"
            "from harness import Contestant\n"
            "class C(Contestant):\n"
            "    def measure(self, case):\n"
            "        threading.Event().wait()\n"
        )
        group = Group()
        try:
            child = Child(group, path, sys.executable, 20.0)
            child._timeout_s = 0.1
            with pytest.raises(ContestantError, match="did not answer"):
                child.measure(Case("one", (Metric("cost", "ns"),)))
            child.close()
        finally:
            group.close()

    def test_two_contestants_in_one_file_are_refused(self, tmp_path):
        path = tmp_path / "two.py"
        body = "(Contestant):\n    def measure(self, case):\n        return {}\n"
        path.write_text(f"from harness import Contestant\nclass A{body}class B{body}")
        group = Group()
        try:
            child = Child(group, path, sys.executable, 20.0)
            assert "must define one Contestant, not 2" in child.hello["error"]
            child.close()
        finally:
            group.close()

    def test_hogs_burn_processor_time_of_the_group_and_end(self):
        group = Group()
        try:
            hogs = start_hogs(group, 1)
            before = group.cpu_seconds()
            deadline = time.monotonic() + 20
            while group.cpu_seconds() - before < 0.3:
                assert time.monotonic() < deadline
            stop_hogs(hogs)
            assert all(hog.returncode is not None for hog in hogs)
            # What ended is counted still, though each of its times may be rounded down by a tick.
            assert group.cpu_seconds() - before > 0.2
        finally:
            group.close()

    def test_closing_the_group_ends_grandchildren(self):
        group = Group()
        parent = group.start(["/bin/sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE)
        assert parent.stdout is not None
        ended = os.pidfd_open(int(parent.stdout.readline()))
        group.close()
        parent.stdout.close()
        assert select.select([ended], [], [], 60)[0]  # readable once the process is gone
        os.close(ended)
