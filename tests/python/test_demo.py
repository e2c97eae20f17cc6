# SPDX-License-Identifier: Apache-2.0
"""The demo: its data set, its laws in Python, and a short run of all of it."""

from __future__ import annotations

import json
from pathlib import Path

import cogway
import pytest
from cogway.demo import app, photographs, report, scenes
from cogway.demo.crops import centre_crop, epoch_order, random_crop

numpy = pytest.importorskip("numpy")
image = pytest.importorskip("PIL.Image")

SHARE = Path("/usr/share")
needs_photographs = pytest.mark.skipif(
    not all((SHARE / scene.relative_path).is_file() for scene in scenes.SCENES),
    reason="mate-backgrounds and plasma-workspace-wallpapers are not installed (./dev demo does)",
)


@pytest.fixture(scope="module")
def share(tmp_path_factory) -> Path:
    """Stand-ins for the photographs, a class each a colour, where the packages would put theirs."""
    folder = tmp_path_factory.mktemp("share")
    draw = numpy.random.default_rng(0)
    for scene in scenes.SCENES:
        path = folder / scene.relative_path
        path.parent.mkdir(parents=True, exist_ok=True)
        level = 25 * scenes.CLASSES.index(scene.label) + 20
        pixels = draw.normal(level, 8, (300, 480, 3)).clip(0, 255)
        image.fromarray(pixels.astype(numpy.uint8)).save(path, quality=85)
    return folder


@pytest.fixture(scope="module")
def data(share, tmp_path_factory) -> photographs.Photographs:
    """A small data set of them."""
    return photographs.prepare(
        share=share, cache=tmp_path_factory.mktemp("cache"), per_class=(30, 6)
    )


@pytest.mark.parametrize("given", ["nan", "inf", "0", "-1"])
def test_times_that_are_none_are_refused(given, capsys):
    with pytest.raises(SystemExit):
        app.parse(["--seconds", given])
    assert "--seconds must be greater than 0, and finite" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert app.main(["--output", str(tmp_path / "file" / "within"), "--share", "/nowhere"]) == 1
    told = capsys.readouterr()
    assert "cannot be written: Not a directory" in told.err
    assert told.out == ""


def test_few_steps_are_no_comparison():
    result = {
        **dict.fromkeys(("images_per_s", "steps_per_s", "wait_share", "cpu_seconds"), 1.0),
        **dict.fromkeys(("images", "peak_bytes", "accuracy"), 1),
        "step_ms_p50": 1081.9,
        "step_ms_p99": 1081.9,
        "steps": 9,
    }
    told = report.table({"threads": result, "cogway": {**result, "steps": 10}})
    assert "too few steps to compare (threads + Pillow)" in told
    assert " 1081.9 ms  1081.9 ms" in told
    assert "too few" not in report.table({"cogway": {**result, "steps": 10}})


def test_missing_packages_are_named(tmp_path):
    with pytest.raises(photographs.PhotographsMissingError) as caught:
        photographs.prepare(share=tmp_path, cache=tmp_path)
    assert "apt-get install" in str(caught.value)
    assert "mate-backgrounds" in str(caught.value)


def test_data_set(data):
    assert data.classes == scenes.CLASSES
    wholes = [scene for scene in scenes.SCENES if scene.whole]
    assert len(data.train) == 30 * 8 + photographs.WHOLE_REPEATS * len(wholes)
    assert len(data.held) == 6 * 8
    assert {data.held.labels.count(label) for label in range(8)} == {6}
    assert not set(data.train.paths) & set(data.held.paths)
    assert {source["licence"] for source in data.sources} == {"GPL-2+"}
    with image.open(data.train.paths[0]) as tile:
        assert tile.size == photographs.TILE


def test_data_set_is_made_once(share, data):
    before = (data.folder / "manifest.json").stat().st_mtime_ns
    again = photographs.prepare(share=share, cache=data.folder.parent, per_class=(30, 6))
    assert again == data
    assert (data.folder / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("index", range(12))
def test_crops_are_those_of_image_sample(index):
    """A ramp tells where a sample was taken from."""
    width, height = 500, 375
    x = numpy.linspace(0, 255, width)[None, :, None].repeat(height, 0)
    y = numpy.linspace(0, 255, height)[:, None, None].repeat(width, 1)
    picture = numpy.concatenate([x, y, numpy.zeros_like(x)], axis=2).round().astype(numpy.uint8)
    crop = random_crop((width, height), seed=9, epoch=4, index=index, scale=(0.1, 0.6), flip=0.5)
    with cogway.Engine(native_workers=1) as engine:
        sample = numpy.asarray(
            engine.c_spawn(
                "image.sample", picture, size=64, scale=(0.1, 0.6), flip=0.5, seed=9, epoch=4,
                index=index, dtype="uint8", layout="hwc",
            ).result()
        ).astype(float)  # fmt: skip
    across, down = sample[..., 0].mean(), sample[..., 1].mean()
    assert across == pytest.approx((crop.left + crop.right) / 2 / width * 255, abs=1.5)
    assert down == pytest.approx((crop.top + crop.bottom) / 2 / height * 255, abs=1.5)
    assert (sample[:, 0, 0].mean() > sample[:, -1, 0].mean()) == crop.mirrored


def test_centre_crop():
    crop = centre_crop((500, 375))
    assert (crop.left, crop.top, crop.right, crop.bottom) == (62, 0, 437, 375)


@pytest.mark.parametrize("count", [1, 2, 3, 64, 100])
def test_order_is_a_permutation(count):
    assert sorted(epoch_order(count, seed=1, epoch=0)) == list(range(count))


@pytest.mark.slow
def test_all_feeds_learn_the_same(data, share, tmp_path, capsys):
    pytest.importorskip("rich")
    words = "--json --epochs 6 --tiles 30 --seconds 600 --budget 3600 --model numpy"
    folders = ["--share", share, "--cache", data.folder.parent, "--output", tmp_path]
    status = app.main([*words.split(), *map(str, folders)])
    assert status == 0
    told = json.loads(capsys.readouterr().out)
    results = told["results"]
    assert set(results) == {"none", "cogway", "threads", "processes"}
    ours, threads, processes = (results[feed] for feed in ("cogway", "threads", "processes"))
    assert ours["images"] == threads["images"] == processes["images"] > 0
    assert threads["accuracy"] == processes["accuracy"]  # the same pixels in the same order
    assert ours["accuracy"] == pytest.approx(threads["accuracy"], abs=0.15)
    assert ours["accuracy"] > 0.3  # chance is 0.125
    assert ours["loss"] == pytest.approx(threads["loss"], rel=0.2)
    assert 0 < ours["gil_free"] <= 1
    assert (tmp_path / "samples.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert json.loads((tmp_path / "report.json").read_text()) == told
    assert told["model"] == "numpy"
    assert told["seconds"] > sum(result["seconds"] for result in results.values())
    assert "cogway" in report.table(results)


@needs_photographs
def test_photographs_are_where_the_packages_put_them():
    found = photographs.find_scenes()
    assert len(found) == len(scenes.SCENES)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seconds", "0"],
        ["--budget", "0"],
        ["--epochs", "-1"],
        ["--feed", "tape"],
        ["--workers", "0"],
    ],
)
def test_nonsense_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        app.main(arguments)
    assert caught.value.code == 2
    assert "error" in capsys.readouterr().err


def test_missing_photographs_end_with_status_1(tmp_path, capsys):
    assert app.main(["--share", str(tmp_path), "--plain"]) == 1
    assert "apt-get install" in capsys.readouterr().err
