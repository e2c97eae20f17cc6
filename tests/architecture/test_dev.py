# SPDX-License-Identifier: Apache-2.0
"""What ./dev decides: counts, stamps, interpreters, exit codes."""

import json
import os
import re
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import dev.__main__ as verbs
import pytest
from dev import ROOT, console, environment, interpreters, machine, made_python, stamp, taskflow
from dev.steps import demo as demo_step
from dev.steps import python as python_step
from dev.tally import Tally, from_junit

PYTEST_REPORT = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest">
<testcase classname="tests.a" name="good"/>
<testcase classname="tests.a" name="bad"><failure message="no"/></testcase>
<testcase classname="tests.a" name="broken"><error message="no"/></testcase>
<testcase classname="tests.a" name="absent"><skipped message="torch is absent"/></testcase>
</testsuite></testsuites>"""

CTEST_REPORT = """<?xml version="1.0"?>
<testsuite name="(empty)" tests="3">
<testcase name="ring_test" classname="ring_test" status="run"/>
<testcase name="bus_test" classname="bus_test" status="fail"/>
<testcase name="off_test" classname="off_test" status="disabled"/>
</testsuite>"""


@pytest.mark.parametrize(
    ("report", "counts"), [(PYTEST_REPORT, (1, 2, 1)), (CTEST_REPORT, (1, 1, 1))]
)
def test_counts_come_from_reports(tmp_path, report, counts):
    path = tmp_path / "junit.xml"
    path.write_text(report)
    tally = from_junit(path)
    assert (tally.passed, tally.failed, tally.skipped) == counts


def test_a_missing_report_is_a_failure(tmp_path):
    assert from_junit(tmp_path / "none.xml").failed == 1


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """Steps of our own in place of the real ones, with logs out of the way."""
    monkeypatch.setattr(console, "LOGS", tmp_path)

    def refuse() -> Tally:
        raise console.CommandFailed("cmake: status 1")

    monkeypatch.setattr(
        verbs,
        "STEPS",
        {
            "good": lambda: Tally(passed=3, skipped=1),
            "bad": lambda: Tally(passed=1, failed=2, notes=["FAILED one"]),
            "broken": refuse,
            "empty": Tally,
        },
    )


@pytest.mark.parametrize(
    ("names", "code", "closing"),
    [
        (["good"], 0, "3 passed, 0 failed, 1 skipped"),
        (["good", "bad"], 1, "4 passed, 2 failed, 1 skipped"),
        (["broken"], 1, "0 passed, 1 failed"),
        (["empty"], 1, "0 passed, 1 failed"),
    ],
)
def test_the_closing_line_and_the_exit_code(steps, capsys, names, code, closing):
    assert verbs.test(names) == code
    assert capsys.readouterr().out.splitlines()[-1] == closing


def test_an_unknown_step_is_refused(steps, capsys):
    with pytest.raises(SystemExit, match="2"):
        verbs.test(["godo"])
    assert "no step godo; the steps are good, bad" in capsys.readouterr().err


def test_an_unknown_verb_is_refused():
    done = subprocess.run([ROOT / "dev", "tset"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout.startswith("./dev: no verb tset\n")


def test_a_failed_command_says_what_and_where_its_log_is(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "LOGS", ROOT / "build" / "logs" / "self")
    command = [sys.executable, "-c", "print('half'); raise SystemExit(3)"]
    with pytest.raises(console.CommandFailed) as failure:
        console.run(command, log="failing")
    text = str(failure.value)
    assert text.startswith(f"$ {sys.executable}")
    assert "half" in text
    assert "status 3" in text
    assert "build/logs/self/failing.log" in text


def test_a_digest_follows_contents_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(stamp, "ROOT", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.cpp").write_text("int a;")
    first = stamp.digest(["src"])
    os.utime(tmp_path / "src" / "a.cpp", (1, 1))
    assert stamp.digest(["src"]) == first
    assert stamp.digest(["src"], "3.13") != first
    (tmp_path / "src" / "a.cpp").write_text("int b;")
    assert stamp.digest(["src"]) != first


def _python(folder: Path, version: str, *, gil: bool = True, headers: bool = True) -> Path:
    """A program that answers as an interpreter of that version would."""
    path = folder / f"python{version}"
    facts = {
        "minor": int(version.split(".")[1]),
        "version": version,
        "free_threaded": not gil,
        "headers": headers,
        "cpython": True,
        "executable": str(path),
    }
    path.write_text(f"#!/bin/sh\necho '{json.dumps(facts)}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def pythons(monkeypatch, tmp_path):
    """Interpreters of a machine that we make up; made ones lie in its cache."""
    made = tmp_path / "cache" / "pythons" / "3.14"
    made.mkdir(parents=True)
    found = [
        _python(tmp_path, "3.11.2"),
        _python(tmp_path, "3.12.9"),
        _python(tmp_path, "3.12.10"),
        _python(tmp_path, "3.13.5", gil=False),
        _python(tmp_path, "3.13.1", headers=False),
        _python(made, "3.14.1"),
    ]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(interpreters.machine, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(interpreters, "_candidates", lambda: found)
    monkeypatch.delenv("PYTHON", raising=False)
    interpreters.installed.cache_clear()
    yield tmp_path
    interpreters.installed.cache_clear()


def test_the_newest_python_with_a_gil_and_headers_is_chosen(pythons):
    assert interpreters.chosen().version == "3.12.10"


def test_a_made_python_is_found_by_its_tag_alone(pythons):
    assert interpreters.find("3.14").version == "3.14.1"
    assert interpreters.find("3.13t").version == "3.13.5"
    assert interpreters.find("3.13") is None


def test_python_overrides_the_choice(pythons, monkeypatch):
    monkeypatch.setenv("PYTHON", "3.11")
    assert interpreters.chosen().version == "3.11.2"
    monkeypatch.setenv("PYTHON", str(pythons / "python3.12.9"))
    assert interpreters.chosen().version == "3.12.9"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("3.10", "names no CPython"), ("nothing", "names no CPython"), ("python3.13.1", "no headers")],
)
def test_an_unusable_override_is_refused(pythons, monkeypatch, wanted, message):
    path = pythons / wanted
    monkeypatch.setenv("PYTHON", str(path) if path.exists() else wanted)
    with pytest.raises(console.Refused, match=re.escape(message)):
        interpreters.chosen()


@pytest.mark.parametrize(
    ("error", "required", "failed"),
    [
        (made_python.Unobtainable("pyenv install 3.12"), True, 0),
        (console.CommandFailed("make: status 2"), True, 1),
        (console.CommandFailed("make: status 2"), False, 0),
    ],
)
def test_an_absent_python_is_named(pythons, monkeypatch, error, required, failed):
    def refuse(tag):
        raise error

    monkeypatch.setattr(made_python, "make", refuse)
    tally = python_step.step("3.15", required=required)
    assert (tally.failed, tally.skipped) == (failed, 1 - failed)
    assert tally.notes == [f"ABSENT: Python 3.15: {error}"]


def test_a_python_that_nobody_has_says_what_to_do(pythons, monkeypatch):
    monkeypatch.setattr(machine, "install_one_of", lambda sets: False)
    with pytest.raises(made_python.Unobtainable, match=r"pyenv install 3\.12"):
        made_python.make("3.12")


def test_the_first_set_of_packages_that_debian_knows_is_installed(monkeypatch):
    installed = []
    monkeypatch.setattr(machine, "missing", list)
    monkeypatch.setattr(machine, "refresh", lambda: None)
    monkeypatch.setattr(machine, "known", lambda packages: packages != ("old",))
    monkeypatch.setattr(machine, "install", installed.append)
    assert machine.install_one_of((("old",), ("new",), ("newest",)))
    assert installed == [("new",)]
    assert not machine.install_one_of((("old",),))


def _report(**change):
    feeds = ("none", "cogway", "threads", "processes")
    usual = {"seconds": 60.0, "classes": ["a", "b", "c", "d"]}
    return {**usual, "results": {feed: {"accuracy": 0.9} for feed in feeds}, **change}


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({}, []),
        ({"seconds": 120.5}, ["ends in under two minutes"]),
        ({"results": {"none": {}, "cogway": {"accuracy": 0.9}}}, ["every feed trained"]),
        ({"classes": ["a", "b"]}, ["it learns"]),
    ],
)
def test_the_demo_is_held_against_its_report(change, broken):
    found = demo_step.judge(_report(**change))
    assert [name for name, problem in found.items() if problem] == broken


def test_only_the_headers_leave_taskflows_carrier(tmp_path):
    archive = tmp_path / "carrier.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        for name in ("setup.py", "extern/taskflow/LICENSE", "extern/taskflow/taskflow/a/b.hpp"):
            (tmp_path / "file").write_text(name)
            files.add(tmp_path / "file", f"carrier-1.0/{name}")
    taskflow.unpack(archive, tmp_path / "made")
    found = sorted(path.relative_to(tmp_path / "made") for path in tmp_path.glob("made/**/*.*"))
    assert [*map(str, found)] == ["taskflow/a/b.hpp"]
    assert (tmp_path / "made" / "LICENSE").is_file()
    taskflow.unpack(archive, tmp_path / "made")  # another clone was quicker
    assert not [*tmp_path.glob(".made*")]


def test_a_group_has_what_it_includes():
    partners = environment.group("partners")
    assert len(partners) == len(set(partners))
    assert {"numba", "numpy", "uvloop"} <= {name.partition("==")[0] for name in partners}


def test_what_has_no_wheel_is_told_and_keeps_nothing_else_out(tmp_path, monkeypatch):
    env = environment.Environment(tmp_path, interpreters.chosen())
    asked = []

    def pip(self, *words):
        asked.append(words[2:])
        if "numba==1" in words:
            raise console.CommandFailed("pip: status 1")
        return ""

    monkeypatch.setattr(environment.Environment, "pip", pip)
    for _ in range(2):  # the second time it is remembered
        assert env.add_optional("cffi==1", "numba==1", "numpy==1") == ["numba==1"]
    assert asked == [
        ("cffi==1", "numba==1", "numpy==1"),
        ("cffi==1",),
        ("numba==1",),
        ("numpy==1",),
    ]
