# SPDX-License-Identifier: Apache-2.0
"""The demo's screens: lines of text, and the live one."""

from __future__ import annotations

import io
import itertools
from types import SimpleNamespace

import pytest
from cogway.demo.recipe import Recipe
from cogway.demo.view import View, make_view

DATA = SimpleNamespace(
    train=range(640),
    held=range(64),
    nbytes=12_000_000,
    classes=("leaf", "sky"),
    sources=({"package": "mate-backgrounds"}, {"package": "plasma-workspace-wallpapers"}),
)
TICK = {
    "event": "tick",
    "epoch": 0,
    "steps": 7,
    "images": 448,
    "loss": 1.25,
    "images_per_s": 2345.0,
    "steps_per_s": 36.6,
    "gil_free": 0.81,
    "peak_bytes": 150_000_000,
}
INSIDE = {
    "bus_bytes": 50_000_000,
    "bus_capacity": 256_000_000,
    "ready": 3,
    "in_flight": 192,
    "stages": [
        {"name": "image.sample", "queued": 5, "running": 2, "p50_ms": 0.51, "p99_ms": 0.93},
        {"name": "batch", "queued": 0, "running": 0, "p50_ms": 0.0, "p99_ms": 0.0},
    ],
}
EPOCH = {"event": "epoch", "epoch": 0, "accuracy": 0.625, "loss": 1.0}
END = {**TICK, "event": "end", "steps": 40, "accuracy": 0.75}


def play(view, *events):
    with view:
        view.preparing(3, 19)
        view.begin(DATA, ("none", "cogway", "threads"), Recipe())
        view.event("none", {"event": "start", "feed": "none", "model": "numpy"})
        view.event("none", TICK)
        view.event("none", END)
        for event in events:
            view.event("cogway", event)
        view.note("augmented samples: samples.jpg")


@pytest.fixture
def screen():
    """A live view on a terminal of ours, and how to read what it shows at the end."""
    console = pytest.importorskip("rich.console")
    from cogway.demo.live_view import LiveView

    def show(*events):
        file = io.StringIO()
        made = console.Console(
            file=file, force_terminal=True, width=120, height=40, color_system=None
        )
        view = LiveView(made)
        play(view, *events)
        plain = console.Console(width=120, record=True, file=io.StringIO())
        plain.print(view._live.get_renderable())
        return plain.export_text(), file.getvalue()

    return show


def test_the_live_screen_shows_every_feed_and_the_inside_of_one(screen):
    shown, drawn = screen({**TICK, **INSIDE}, EPOCH, {**TICK, **INSIDE, "images_per_s": 2500.0})
    assert "640 training and 64 held-out JPEGs" in shown
    for part in ("no loading", "cogway", "thread pool + Pillow"):
        assert part in shown
    for part in ("2500", "36.6", "1.250", "62.5%", "81%", "150 MB"):
        assert part in shown, part
    assert "50.0 of 256 MB, 3 batches ready, 192 images in flight" in shown
    assert "5 waiting,  2 dispatched, p50 0.51 ms, p99 0.93 ms" in shown
    assert "batch  " not in shown.partition("image.sample")[2]
    assert "augmented samples: samples.jpg" in drawn  # a note stays above the screen


def test_the_live_screen_outlives_a_training_without_insides(screen):
    shown, _ = screen(TICK, EPOCH, END)
    assert "75.0%" not in shown  # the end has no accuracy of its own on the screen
    assert "62.5%" in shown


def test_a_sparkline_spans_its_values():
    pytest.importorskip("rich")
    from cogway.demo.live_view import sparkline

    assert sparkline([]) == ""
    assert sparkline([2.0, 2.0]) == "▁▁"
    assert sparkline([0.0, 1.0]) == "▁█"


def test_lines_of_text_say_the_same(monkeypatch, capsys):
    clock = itertools.count(0.0, 3.0)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))  # no line comes too soon
    play(View(), TICK, EPOCH)
    shown = capsys.readouterr().err
    assert "cogway: epoch 1, held-out accuracy 62.5%" in shown
    assert "no loading: training with numpy" in shown
    assert "no loading: step 7, 2345 images/s" in shown
    assert "mate-backgrounds and plasma-workspace-wallpapers (GPL-2+)" in shown


def test_a_quiet_view_says_nothing(capsys):
    play(View(quiet=True), TICK, EPOCH)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("live", [True, False])
def test_the_live_view_needs_a_terminal(monkeypatch, live):
    pytest.importorskip("rich")
    monkeypatch.setattr("sys.stderr.isatty", lambda: live, raising=False)
    kind = type(make_view(live=True, quiet=False)).__name__
    assert kind == ("LiveView" if live else "View")
