# SPDX-License-Identifier: Apache-2.0
"""The demo's processes: what they say, how long they may take, how they are interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cogway.demo import photographs, scenes, training
from cogway.demo.budget import RESERVE, Budget
from cogway.demo.recipe import Recipe

HERE = SimpleNamespace(folder=Path("/nowhere"))

CHATTY = """
import json, sys
sys.stdin.readline()
for step in range(50):
    print("x" * 10_000, file=sys.stderr, flush=True)
    print(json.dumps({"event": "tick", "step": step}), flush=True)
print(json.dumps({"event": "end", "images": 3}), flush=True)
"""
FAILING = """
import sys
sys.stdin.readline()
sys.exit("the disk is on fire")
"""


def run(monkeypatch, code, events=None):
    monkeypatch.setattr(training, "COMMAND", (sys.executable, "-c", code))
    seen = [] if events is None else events
    return training.train_with(
        "cogway", HERE, Recipe(), "numpy", lambda feed, told: seen.append(told)
    )


def test_a_training_that_says_much_on_stderr_is_not_held_up(monkeypatch):
    events = []
    assert run(monkeypatch, CHATTY, events) == {"images": 3}
    assert [told["step"] for told in events[:-1]] == [*range(50)]


def test_a_training_that_fails_is_told_with_what_it_said(monkeypatch):
    with pytest.raises(training.FeedFailedError, match="the disk is on fire"):
        run(monkeypatch, FAILING)


def test_a_training_without_a_result_has_failed(monkeypatch):
    with pytest.raises(training.FeedFailedError, match="status 0"):
        run(monkeypatch, "import sys; sys.stdin.readline()")


def test_an_interrupted_training_interrupts(monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, "import sys; sys.stdin.readline(); sys.exit(130)")


class TestBudget:
    def make(self, seconds=100.0):
        self.now = 0.0
        return Budget(seconds, clock=lambda: self.now, around=2.0)

    def test_trainings_share_what_is_left(self):
        budget = self.make()
        assert budget.share(1000.0, 4) == (100 - RESERVE) / 4 - 2
        self.now = 40.0
        assert budget.share(1000.0, 2) == (60 - RESERVE) / 2 - 2
        assert budget.spent == 40.0

    def test_what_was_asked_for_is_the_most(self):
        assert self.make().share(5.0, 1) == 5.0

    def test_a_training_gets_a_second_however_late(self):
        budget = self.make()
        self.now = 500.0
        assert budget.share(25.0, 3) == 1.0

    def test_what_trainings_need_around_them_is_learnt(self):
        budget = self.make()
        with budget.measure() as spent:
            self.now = 12.0
            spent(3.0)
        assert budget.share(1000.0, 1) == 88 - RESERVE - 9


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Stand-ins for the photographs and small tiles of them."""
    numpy = pytest.importorskip("numpy")
    image = pytest.importorskip("PIL.Image")
    share = tmp_path_factory.mktemp("share")
    for scene in scenes.SCENES:
        path = share / scene.relative_path
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(numpy.full((300, 480, 3), 90, numpy.uint8)).save(path)
    cache = tmp_path_factory.mktemp("cache")
    photographs.prepare(share=share, cache=cache, per_class=(20, 4))
    return share, cache


def alive(group: int) -> list[str]:
    """What still runs in a process group; who has ended and waits to be collected does not."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, _, of = rest.split()[:3]
        if int(of) == group and state != "Z":
            found.append(name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("feed", "whom"),
    [("cogway", "group"), ("cogway", "demo"), ("threads", "demo"), ("processes", "group")],
)
def test_ctrl_c_while_training_ends_everything(made, tmp_path, feed, whom):
    """A terminal's Ctrl-C reaches every process of the group; `kill -INT` the demo alone."""
    share, cache = made
    words = f"--plain --model numpy --feed {feed} --tiles 20 --epochs 20 --seconds 600"
    folders = ["--share", share, "--cache", cache, "--output", tmp_path]
    with subprocess.Popen(
        [sys.executable, "-m", "cogway", "demo", "--budget", "3600", *words.split(), *folders],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as demo:
        said = []
        for line in demo.stderr:
            said.append(line)
            if line.startswith(f"{feed}: training"):
                break
        (os.killpg if whom == "group" else os.kill)(demo.pid, signal.SIGINT)
        said += demo.stderr.readlines()
    assert demo.returncode == 130, "".join(said)
    assert said[-1] == "interrupted: everything is stopped\n"
    assert "Traceback" not in "".join(said)
    # A helper of multiprocessing ends when the last pipe to it does, a moment after the demo.
    until = time.monotonic() + 30
    while alive(demo.pid) and time.monotonic() < until:
        os.sched_yield()
    assert alive(demo.pid) == []
    assert not (tmp_path / "report.json").exists()


@pytest.mark.slow
def test_the_trainers_own_events_are_lines_of_json(made, capsys):
    pytest.importorskip("numpy")
    from cogway.demo import trainer

    share, cache = made
    data = photographs.prepare(share=share, cache=cache, per_class=(20, 4))
    task = {"folder": str(data.folder), "feed": "none", "model": "numpy", "recipe": {"size": 32}}
    trainer._follow(task)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (events[0]["event"], events[-1]["event"]) == ("start", "end")
    assert events[-1]["steps"] == 60
